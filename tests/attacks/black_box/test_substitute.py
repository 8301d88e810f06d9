"""Tests of burnish.attacks.black_box.substitute."""

import functools
from types import SimpleNamespace

import pytest
import torch
from tests.attacks.trained import digits_network
from torch import nn

from burnish.attacks import FGSM
from burnish.attacks.black_box.predictor import Predictor
from burnish.attacks.black_box.substitute import substitute
from burnish.attacks.transfer import transfer_attack
from burnish.common.errors import InputError

FIRST = 50


class Service:
    """The digits network as a service that keeps its own books."""

    def __init__(self, fails_after=None):
        self.asked = 0
        self.fails_after = fails_after

    def __call__(self, images):
        self.asked += len(images)
        if self.fails_after is not None and self.asked > self.fails_after:
            raise TimeoutError("no answer")
        return digits_network().model(images).argmax(dim=1)


def first():
    return digits_network().images[:FIRST]


def held_out():
    return digits_network().images[FIRST:]


@functools.cache
def learnt():
    service = Service()
    found = substitute(service, first(), num_classes=10, budget=320, held_out=held_out(), seed=1)
    return SimpleNamespace(found=found, asked=service.asked)


def test_the_substitute_agrees_with_its_target_far_more_than_chance_and_more_with_more_answers():
    found = learnt().found
    target = digits_network().model(held_out()).argmax(1)
    same = (found.model(held_out()).argmax(1) == target).float().mean().item()
    assert found.agreement.value == pytest.approx(same)
    assert found.agreement.low > 0.65
    assert found.agreement.value > found.rounds[1].agreement.value > found.rounds[0].agreement.value
    assert not found.model.training


def test_rounds_double_the_samples_until_the_budget_is_used_to_the_last_query():
    found, asked = learnt().found, learnt().asked
    assert [one.queries for one in found.rounds] == [50, 100, 200, 320]
    assert [one.samples for one in found.rounds] == [50, 100, 200, 320]
    assert found.queries == 320
    assert found.judging == len(held_out())
    assert asked == 320 + len(held_out())
    assert found.stopped == "the budget is used up"
    assert torch.equal(found.labels, digits_network().model(found.inputs).argmax(1))


def test_new_samples_lie_one_step_from_their_origins():
    found = learnt().found
    assert torch.equal(found.inputs[:FIRST], first())
    change = (found.inputs[FIRST : 2 * FIRST] - first()).abs()
    assert change.max() == pytest.approx(0.1, abs=1e-6)
    inner = (first() > 0.1) & (first() < 0.9)
    assert (change[inner] > 0.0999).float().mean() > 0.99
    new = found.inputs[200:]
    nearest = torch.cdist(new.flatten(1), found.inputs[:200].flatten(1), p=torch.inf).min(dim=1).values
    assert nearest.max() <= 0.1 + 1e-6


def test_attacks_through_it_fool_the_target_far_more_often_than_noise_of_their_size():
    found = transfer_attack(
        FGSM(learnt().found.model, eps=0.2), digits_network().model, held_out(), digits_network().labels[FIRST:]
    )
    assert found.clean.value > 0.95
    assert found.success.low > 2 * found.noise.high
    assert found.success.low > 0.2
    assert found.distance == pytest.approx(0.2, abs=1e-3)


def test_the_same_seed_gives_the_same_substitute_and_the_global_generators_stay():
    state = torch.get_rng_state()
    models = [
        substitute(Service(), first(), num_classes=10, budget=100, epochs=2, seed=seed).model for seed in (3, 3, 4)
    ]
    assert torch.equal(torch.get_rng_state(), state)
    outputs = [model(first()) for model in models]
    assert torch.equal(outputs[0], outputs[1])
    assert not torch.equal(outputs[0], outputs[2])


def test_a_target_that_fails_on_the_way_leaves_what_was_learnt_so_far():
    target = Predictor(Service(fails_after=130), num_classes=10, batch_size=20, budget=300)
    with pytest.warns(UserWarning, match=r"the substitute learnt from 120 answers only: Service raised TimeoutError"):
        found = substitute(target, first(), epochs=5, held_out=None)
    assert [one.samples for one in found.rounds] == [50, 100, 120]
    assert "TimeoutError: no answer" in found.stopped
    assert target.queries == 140  # the failed call was a call
    assert (found.model(first()).argmax(1) == found.labels[:FIRST]).float().mean() > 0.8


def test_a_target_that_fails_at_once_is_an_error():
    with pytest.raises(
        InputError, match=r"Service raised TimeoutError: no answer \(given a tensor of shape \(1, 1, 8, 8"
    ):
        substitute(Service(fails_after=0), first(), num_classes=10)


@pytest.mark.parametrize("model", ["mlp", nn.Sequential(nn.Flatten(), nn.Dropout(0.1), nn.Linear(64, 10))])
def test_the_architecture_may_be_a_name_or_a_module_which_stays_as_it_is(model):
    before = model[2].weight.clone() if isinstance(model, nn.Module) else None
    found = substitute(Service(), first(), model=model, num_classes=10, budget=100, epochs=40, held_out=held_out())
    assert found.agreement.low > 0.4
    if before is not None:
        assert torch.equal(model[2].weight, before)
        assert model.training
        assert found.model is not model


def test_a_table_is_learnt_from_scores_of_an_array_function():
    rows = torch.rand(60, 4, generator=torch.Generator().manual_seed(0)) * 100

    def predict(table):
        first, second = table[:, 0].astype(float), table[:, 1].astype(float)
        return [[a, b] for a, b in zip(first, second, strict=True)]

    others = torch.rand(300, 4, generator=torch.Generator().manual_seed(1)) * 100
    found = substitute(predict, rows, bounds=(0.0, 100.0), step=10.0, budget=400, held_out=others)
    assert found.agreement.low > 0.85
    assert found.model(others).shape == (300, 2)


def test_a_round_may_be_limited_in_number_and_size():
    found = substitute(Service(), first(), num_classes=10, rounds=3, most_new=20, epochs=1)
    assert [one.queries for one in found.rounds] == [50, 70, 90]
    assert found.stopped == "all 3 rounds are done"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"budget": 40}, "50 first inputs cannot be asked about with 40 queries: give fewer inputs or a larger budget"),
        ({"num_classes": None}, "Service answers with labels, which do not say how many there are: pass num_classes="),
        ({"rounds": 0}, "rounds of a substitute must be at least 1, got 0"),
        ({"inputs": torch.rand(9, 2) * 300}, r"inputs must lie within \[0, 1\]"),
        ({"model": "resnet99"}, "unknown model 'resnet99'"),
        ({"model": nn.Linear(8, 10)}, r"a substitute must give logits \(N, classes\)"),
        (
            {"model": nn.Sequential(nn.Flatten(), nn.Linear(64, 7))},
            "the substitute has 7 outputs, where Service has 10 classes",
        ),
        ({"predict": Predictor(len, num_classes=10)}, "without a budget the rounds would never end"),
        ({"predict": Predictor(len, budget=5), "budget": 3}, r"has a budget of its own \(5\): leave out budget=3"),
        ({"predict": Predictor(len, num_classes=3)}, "tells 3 classes apart, not num_classes=10"),
        (
            {"predict": lambda x: torch.zeros(len(x)).long()},
            "gave class 0 to all 50 inputs, so there is nothing to learn: give first inputs of several classes",
        ),
    ],
)
def test_what_cannot_be_is_refused(options, message):
    given = {"predict": Service(), "inputs": first(), "num_classes": 10} | options
    with pytest.raises(InputError, match=message):
        substitute(given.pop("predict"), given.pop("inputs"), **given)


def test_a_function_of_labels_costs_one_query_to_find_that_its_classes_are_not_known():
    service = Service()
    with pytest.raises(InputError, match="pass num_classes="):
        substitute(service, first())
    assert service.asked == 1
