"""Tests of burnish.attacks.black_box.hop_skip_jump."""

import dataclasses

import pytest
import torch
from tests.attacks.trained import digits_network
from torch import nn

from burnish.attacks import PGD
from burnish.attacks.black_box.hop_skip_jump import HopSkipJump
from burnish.attacks.black_box.predictor import Decisions, Predictor
from burnish.common.errors import InputError

COUNT = 20


@pytest.fixture
def trained():
    known = digits_network()
    return dataclasses.replace(known, images=known.images[:COUNT], labels=known.labels[:COUNT])


def smallest_by_gradients(trained, norm, high):
    """The smallest eps at which PGD succeeds, by bisection, for each sample."""
    low, high = torch.zeros(COUNT), torch.full((COUNT,), high)
    for _ in range(8):
        eps = (low + high) / 2
        fooled = PGD(trained.model, eps=eps, norm=norm, steps=15, skip_wrong=False).run(*shown(trained)).success
        low, high = torch.where(fooled, low, eps), torch.where(fooled, eps, high)
    return high


def shown(trained):
    return trained.images, trained.labels


@pytest.mark.parametrize(("norm", "high"), [("l2", 4.0), ("linf", 1.0)])
def test_decisions_alone_come_near_to_what_gradients_find(trained, norm, high):
    result = HopSkipJump(trained.model, norm=norm, iterations=6).run(*shown(trained))
    right = ~result.wrong
    assert result.success.all()
    assert (trained.model(result.inputs).argmax(1) != trained.labels).all()
    assert (result.gradients == 0).all()
    known = smallest_by_gradients(trained, norm, high)[right].median()
    assert result.distance[right].median() < 1.3 * known


class Decided(nn.Module):
    """A model of which only the decision is left, times a number that would spoil any score."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, inputs):
        decided = self.model(inputs).argmax(dim=1)
        return nn.functional.one_hot(decided, 10).float() * 1e6 - 1


def test_only_the_decision_is_used(trained):
    attack = HopSkipJump(trained.model, norm="l2", iterations=2)
    blind = HopSkipJump(Decided(trained.model).eval(), norm="l2", iterations=2)
    assert torch.equal(attack(*shown(trained)), blind(*shown(trained)))


def test_more_iterations_come_nearer(trained):
    medians = [
        HopSkipJump(trained.model, norm="l2", iterations=count).run(*shown(trained)).distance.median()
        for count in (1, 2, 6)
    ]
    assert medians[0] > 1.1 * medians[1] > 1.2 * medians[2]


def test_targets_are_reached_from_images_of_theirs(trained):
    known = digits_network()
    targets = (trained.labels + 1) % 10
    attack = HopSkipJump(trained.model, norm="l2", iterations=4, starts=known.images[COUNT:], start_tries=0)
    result = attack.run(*shown(trained), targets)
    assert result.success.all()
    assert (trained.model(result.inputs).argmax(1) == targets).all()
    nearest = torch.stack(
        [
            (known.images[known.labels == target] - image).flatten(1).norm(dim=1).min()
            for image, target in zip(trained.images, targets, strict=True)
        ]
    )
    assert (result.distance / nearest).median() < 0.6


def test_queries_are_those_that_the_model_saw_and_stay_within_their_limit(trained):
    seen = []
    hook = trained.model.register_forward_pre_hook(lambda _, given: seen.append(len(given[0])))
    for limit in (40, 150, 400):
        seen.clear()
        result = HopSkipJump(trained.model, norm="l2", max_queries=limit).run(*shown(trained))
        assert sum(seen) == result.queries.sum()
        assert result.queries.max() <= limit
        assert result.queries[~result.wrong].min() > limit - 40
        assert result.success.all()
    hook.remove()


def test_a_predict_function_behind_a_budget_is_attacked_within_it(trained):
    target = Predictor(lambda batch: trained.model(batch).argmax(1), budget=COUNT * 200, num_classes=10)
    attack = HopSkipJump(Decisions(target), norm="l2", max_queries=target.left // COUNT)
    result = attack.run(*shown(trained))
    assert result.success.all()
    assert target.queries == result.queries.sum() <= COUNT * 200
    assert result.distance[~result.wrong].median() < 1.5


def test_a_function_that_fails_on_the_way_leaves_what_was_found(trained):
    asked = []

    def predict(batch):
        asked.append(len(batch))
        if len(asked) == 20:
            raise TimeoutError("busy")
        return trained.model(batch).argmax(1)

    attack = HopSkipJump(Decisions(predict, num_classes=10), norm="l2", max_queries=1000)
    with pytest.warns(UserWarning, match="hop-skip-jump stops with what it has found: .* raised TimeoutError: busy"):
        result = attack.run(*shown(trained))
    assert result.success.all()
    assert result.queries.max() < 150
    assert result.distance[~result.wrong].max() < 5


def test_with_eps_it_stops_within_and_leaves_the_others_at_the_limit(trained):
    free = HopSkipJump(trained.model, norm="l2", iterations=6).run(*shown(trained))
    eps = free.distance[~free.wrong].median().item()
    bound = HopSkipJump(trained.model, norm="l2", iterations=6, eps=eps).run(*shown(trained))
    assert (bound.distance <= eps).all()
    assert torch.equal(bound.success, free.wrong | (free.distance <= eps))
    assert bound.queries.sum() < 0.9 * free.queries.sum()


def test_what_is_wrong_already_stays_as_it_is_without_skipping_too(trained):
    labels = trained.labels.clone()
    labels[:5] = (trained.model(trained.images[:5]).argmax(1) + 1) % 10
    result = HopSkipJump(trained.model, norm="l2", iterations=1, skip_wrong=False).run(trained.images, labels)
    assert torch.equal(result.inputs[:5], trained.images[:5])
    assert (result.distance[:5] == 0).all()


def test_a_sample_without_a_start_is_told_and_stays(trained):
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 2)).eval()
    nn.init.zeros_(model[1].weight)
    nn.init.constant_(model[1].bias, 0)
    model[1].bias.data[0] = 2  # class 0 whatever comes
    attack = HopSkipJump(model, start_tries=3)
    with pytest.warns(UserWarning, match="hop-skip-jump found no start for 20 of 20 samples, which stay as they are"):
        result = attack.run(trained.images, torch.zeros(COUNT, dtype=torch.int64))
    assert torch.equal(result.inputs, trained.images)
    assert not result.success.any()
    assert (result.queries == 5).all()


def test_a_limit_that_is_never_reached_changes_nothing(trained):
    first = HopSkipJump(trained.model, norm="l2", iterations=1).run(*shown(trained))
    second = HopSkipJump(trained.model, norm="l2", iterations=1, max_queries=100_000).run(*shown(trained))
    assert torch.equal(first.inputs, second.inputs)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"norm": "l1"}, "hop-skip-jump works in linf and l2, not in l1"),
        ({"iterations": 0}, "iterations must be at least 1, got 0"),
        ({"first_directions": 0}, "first_directions must be at least 1, got 0"),
        ({"start_tries": 0}, "start_tries must be at least 1 where no starts are given, got 0"),
        ({"max_queries": 9}, "max_queries=9 is too few: one answer before, 10 to come to the boundary and one after"),
        ({"starts": torch.zeros(3, 1, 4, 4)}, r"starts must be images \(K, 1, 8, 8\), got \(3, 1, 4, 4\)"),
        ({"bounds": (-torch.inf, torch.inf)}, "cannot draw random images within infinite bounds: pass starts="),
    ],
)
def test_options_that_cannot_be_are_refused(trained, options, message):
    with pytest.raises(InputError, match=message):
        HopSkipJump(trained.model, **{"norm": "l2", **options})(*shown(trained))
