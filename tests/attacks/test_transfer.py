"""Tests of burnish.attacks.transfer."""

import functools
import json

import pytest
import torch
import torch.nn.functional as F
from tests.attacks.trained import accuracy, digits_network
from torch import nn

from burnish.attacks import FGSM, PGD
from burnish.attacks.transfer import transfer_attack, transfer_matrix
from burnish.common.errors import InputError
from burnish.common.seeding import preserved_rng
from burnish.data import load
from burnish.layers.normalise import Normalise
from burnish.models.with_input import WithInput

EPS = 0.15


@functools.cache
def other_network():
    """A perceptron on the same digits that sees them through an input layer of its own."""
    data = load("digits")
    images, labels = data.train.gather(torch.arange(len(data.train)))
    with preserved_rng():
        torch.manual_seed(0)
        inner = nn.Sequential(nn.Flatten(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
        model = WithInput(Normalise([0.3], [0.4]), inner)
        optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
        for _ in range(60):
            optimizer.zero_grad()
            F.cross_entropy(model(images), labels).backward()
            optimizer.step()
    model.zero_grad(set_to_none=True)
    return model.eval()


@functools.cache
def matrix():
    trained = digits_network()
    models = {"convolutional": trained.model, "perceptron": other_network()}
    return transfer_matrix(models, lambda model: PGD(model, eps=EPS, steps=5), trained.images, trained.labels)


def test_the_diagonal_is_the_white_box_accuracy_and_the_rest_is_measured_on_the_other_model():
    trained, found = digits_network(), matrix()
    made = PGD(trained.model, eps=EPS, steps=5, skip_wrong=False, early_stop=False)(trained.images, trained.labels)
    assert found.names == ("convolutional", "perceptron")
    assert found.robust[0][0].value == pytest.approx(accuracy(trained.model, made, trained.labels))
    assert found.robust[0][1].value == pytest.approx(accuracy(other_network(), made, trained.labels))
    assert found.clean[1].value == pytest.approx(accuracy(other_network(), trained.images, trained.labels))
    assert all(0 < share.low < share.value < share.high for share in found.robust[0] if 0 < share.value < 1)


def test_an_attack_travels_further_than_noise_of_its_size_and_less_far_than_it_goes_at_home():
    found = matrix()
    for i, j in ((0, 1), (1, 0)):
        assert found.robust[j][j].high < found.robust[i][j].value
        assert found.robust[i][j].high < found.noise[i][j].low
        assert found.noise[i][j].value <= found.clean[j].value
    assert found.distance == (pytest.approx(EPS), pytest.approx(EPS))


def test_a_matrix_is_plain_data_for_a_report():
    told = json.loads(json.dumps(matrix().to_dict(), allow_nan=False))
    assert told["names"] == ["convolutional", "perceptron"]
    assert told["robust"][0][1]["value"] == matrix().robust[0][1].value
    assert told["noise"][1][0]["low"] == matrix().noise[1][0].low
    assert (told["attack"], told["norm"]) == ("pgd", "linf")


def test_success_counts_only_what_the_target_had_right():
    trained = digits_network()
    labels = trained.labels.clone()
    labels[:100] = (labels[:100] + 1) % 10
    found = transfer_attack(FGSM(other_network(), eps=EPS), trained.model, trained.images, labels)
    assert found.success.count == found.noise.count < 170
    assert found.clean.value < 0.65
    assert found.success.low > found.noise.high


def test_a_target_may_be_any_function_and_an_attack_without_effect_has_no_success():
    trained = digits_network()

    def predict(images):
        return trained.model(torch.as_tensor(images)).argmax(1).numpy()

    through = transfer_attack(FGSM(other_network(), eps=EPS), predict, trained.images, trained.labels)
    direct = transfer_attack(FGSM(other_network(), eps=EPS), trained.model, trained.images, trained.labels)
    assert through == direct
    nothing = transfer_attack(FGSM(other_network(), eps=0.0), predict, trained.images, trained.labels)
    assert nothing.success.value == nothing.noise.value == nothing.distance == 0


def test_a_share_of_nothing_is_told_as_none():
    trained = digits_network()
    wrong = (trained.model(trained.images).argmax(1) + 1) % 10
    told = transfer_attack(FGSM(other_network(), eps=EPS), trained.model, trained.images, wrong).to_dict()
    assert told["success"]["value"] is None
    assert json.dumps(told, allow_nan=False)


def test_models_and_generators_are_as_before():
    trained = digits_network()
    before, state = [tensor.clone() for tensor in trained.model.state_dict().values()], torch.get_rng_state()
    transfer_attack(PGD(trained.model, eps=EPS, steps=1), other_network(), trained.images, trained.labels)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(a, b) for a, b in zip(before, trained.model.state_dict().values(), strict=True))
    assert all(parameter.grad is None for parameter in other_network().parameters())


def test_what_cannot_be_is_refused():
    trained = digits_network()
    with pytest.raises(InputError, match="a transfer matrix needs at least one model, got none"):
        transfer_matrix({}, FGSM, trained.images, trained.labels)
    with pytest.raises(InputError, match="make must give an attack for a model, got Tensor"):
        transfer_matrix({"a": trained.model}, lambda model: torch.zeros(1), trained.images, trained.labels)
    with pytest.raises(InputError, match="training mode"):
        transfer_matrix({"a": nn.Linear(2, 2)}, lambda m: FGSM(m, eps=0.1), trained.images, trained.labels)
