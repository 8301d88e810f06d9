"""Tests of burnish.attacks.white_box.universal."""

import dataclasses

import pytest
import torch
from tests.attacks.trained import digits_network
from torch import nn

from burnish.attacks.white_box.universal import Universal
from burnish.common.errors import InputError


@pytest.fixture
def trained():
    return digits_network()


def answers(trained, images):
    with torch.no_grad():
        return trained.model(images).argmax(dim=1)


@pytest.mark.parametrize(("norm", "eps"), [("linf", 0.3), ("l2", 2.0)])
def test_one_perturbation_fools_most_images_it_never_saw_and_noise_of_its_size_does_not(trained, norm, eps):
    found = Universal(trained.model, eps=eps, norm=norm)(trained.images, trained.labels)
    assert found.made_on.value > 0.6
    assert found.held_out.value > 0.5
    assert found.distance <= eps
    assert found.distance > 0.9 * eps
    noise = torch.randn(trained.images.shape[1:], generator=torch.Generator().manual_seed(0))
    noise = noise.sign() * eps if norm == "linf" else noise / noise.norm() * eps
    control = dataclasses.replace(found, perturbation=noise).apply(trained.images)
    assert (answers(trained, control) != trained.labels).float().mean() < 0.35


def test_the_rates_are_those_of_the_perturbation_on_the_two_kinds_of_images(trained):
    found = Universal(trained.model, eps=0.2, held_out=0.4)(trained.images)
    attacked = found.apply(trained.images)
    changed = answers(trained, attacked) != answers(trained, trained.images)
    held = torch.zeros(len(changed), dtype=torch.bool)
    held[found.held_out_rows] = True
    assert held.sum() == round(0.4 * len(held)) == found.held_out.count
    assert found.held_out.value == pytest.approx(changed[held].double().mean().item())
    assert found.made_on.value == pytest.approx(changed[~held].double().mean().item())
    assert attacked.min() >= 0
    assert attacked.max() <= 1
    assert found.held_out.low < found.held_out.value < found.held_out.high


def test_images_held_out_have_no_say(trained):
    attack = Universal(trained.model, eps=0.2, epochs=2)
    found = attack(trained.images)
    images = trained.images.clone()
    first = found.held_out_rows[0]
    images[first] = images[first].flip(-1) * 0.9
    again = attack(images)
    assert torch.equal(again.held_out_rows, found.held_out_rows)
    assert torch.equal(again.perturbation, found.perturbation)


def test_more_passes_fool_no_fewer_and_the_work_ends_at_the_share_that_was_asked_for(trained):
    few = Universal(trained.model, eps=0.3, epochs=1)(trained.images)
    many = Universal(trained.model, eps=0.3, epochs=10)(trained.images)
    enough = Universal(trained.model, eps=0.3, epochs=50, until=0.4)(trained.images)
    assert many.made_on.value >= few.made_on.value
    assert enough.made_on.value >= 0.4
    assert enough.epochs < 50
    assert many.gradients == 10 * many.made_on.count


def test_images_that_are_wrong_already_are_left_out(trained):
    labels = trained.labels.clone()
    labels[:100] = (answers(trained, trained.images[:100]) + 1) % 10
    found = Universal(trained.model, eps=0.2, epochs=1)(trained.images, labels)
    assert found.made_on.count + found.held_out.count == (answers(trained, trained.images) == labels).sum()
    assert (found.held_out_rows >= 100).all()


def test_it_is_repeatable_and_the_seed_matters(trained):
    first, again, other = (Universal(trained.model, eps=0.2, epochs=1, seed=seed)(trained.images) for seed in (0, 0, 1))
    assert torch.equal(first.perturbation, again.perturbation)
    assert not torch.equal(first.perturbation, other.perturbation)


def test_nothing_about_the_model_or_the_generators_changes(trained):
    model = trained.model
    weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    state = torch.get_rng_state()
    model[0].weight.grad = torch.ones_like(model[0].weight)
    Universal(model, eps=0.2, epochs=1)(trained.images)
    assert torch.equal(model[0].weight.grad, torch.ones_like(model[0].weight))
    model[0].weight.grad = None
    assert all(parameter.grad is None for parameter in model.parameters())
    assert all(torch.equal(weights[name], tensor) for name, tensor in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)
    assert not model.training


def test_logarithms_of_probabilities_are_attacked(trained):
    soft = nn.Sequential(*trained.model, nn.Softmax(dim=1)).eval()
    with pytest.raises(InputError, match="the model gives probabilities"):
        Universal(soft, eps=0.3)(trained.images)
    found = Universal(soft, eps=0.3, outputs="probabilities")(trained.images)
    assert found.held_out.value > 0.5


class TwoKinds(nn.Module):
    """Inputs are of two kinds by their last number; one listens to the first far more than the other to the second."""

    def forward(self, x):
        score = torch.where(x[:, 2] > 0, 100 * x[:, 0] - 2, 4 * x[:, 1] - 2)
        return torch.stack([torch.zeros_like(score), score], dim=1)


def test_a_clipped_loss_keeps_one_image_from_taking_all_the_effort():
    inputs = torch.tensor([[0.0, 0.0, 1.0], [0.0, 0.0, -1.0]])
    rates = [
        Universal(TwoKinds().eval(), eps=1.0, norm="l2", bounds=(-2.0, 2.0), held_out=0.0, clip=clip)(inputs).made_on
        for clip in (9.0, 1e9)
    ]
    assert [rate.value for rate in rates] == [1.0, 0.5]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"eps": 0.0}, "eps must be positive, got 0"),
        ({"eps": 0.1, "norm": "l1"}, "universal works in linf and l2, not in l1"),
        ({"eps": 0.1, "norm": "l3"}, "unknown norm 'l3'"),
        ({"eps": 0.1, "step_size": -1.0}, "step_size must be positive, got -1"),
        ({"eps": 0.1, "epochs": 0}, "epochs and batch_size must be at least 1, got 0 and 32"),
        ({"eps": 0.1, "until": 70.0}, r"until must lie in \(0, 1\] and held_out in \[0, 1\), got 70 and 0.25"),
    ],
)
def test_options_that_cannot_be_are_refused(trained, options, message):
    with pytest.raises(InputError, match=message):
        Universal(trained.model, **options)


def test_inputs_that_cannot_be_are_refused(trained):
    attack = Universal(trained.model, eps=0.1)
    with pytest.raises(InputError, match="divide by 255"):
        attack(trained.images * 255)
    with pytest.raises(InputError, match="they look one-hot"):
        attack(trained.images, torch.nn.functional.one_hot(trained.labels, 10))
    with pytest.raises(InputError, match="0 of 256 images are classified as their labels say, and none is left"):
        attack(trained.images, (answers(trained, trained.images) + 1) % 10)
    with pytest.raises(InputError, match=r"eps 8 \(linf\) is larger than the whole space"):
        Universal(trained.model, eps=8.0)(trained.images)
    with pytest.raises(InputError, match="is in training mode"):
        Universal(nn.Sequential(nn.Flatten(), nn.Linear(64, 10)), eps=0.1)(trained.images)
