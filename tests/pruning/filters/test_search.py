"""Tests of burnish.pruning.filters.search."""

import copy

import pytest
import torch

from burnish.common.errors import InputError
from burnish.models import create
from burnish.pruning.filters import search as searching
from burnish.pruning.filters.costs import cost
from burnish.pruning.filters.plan import largest_ratio, plan
from burnish.pruning.filters.search import search
from burnish.pruning.graph.surgery import remove_all_
from burnish.pruning.graph.tracing import trace

EXAMPLE = torch.zeros(1, 3, 32, 32)


@pytest.fixture(scope="module")
def prepared():
    model = create("resnet20", 10).eval()
    groups = trace(model, EXAMPLE).groups()
    scores = {group.name: torch.rand(group.count, generator=torch.Generator().manual_seed(0)) for group in groups}
    return model, groups, scores, lambda ratio: plan(groups, scores, ratio, round_to=1)


def found(prepared, kind, target):
    model, groups, scores, planned = prepared
    return search(model, EXAMPLE, groups, scores, planned, kind, target, largest=largest_ratio(groups))


@pytest.mark.parametrize("kind", ["parameters", "macs", "size"])
@pytest.mark.parametrize("target", [0.8, 0.5, 0.1])
def test_the_cut_is_the_smallest_that_reaches_the_target(prepared, kind, target):
    model, groups, _, planned = prepared
    result = found(prepared, kind, target)
    named = {group.name: group for group in groups}

    def share(chosen):
        cut = copy.deepcopy(model)
        remove_all_(cut, [(named[name], channels) for name, channels in chosen.items()])
        return cost(cut, EXAMPLE, kind) / cost(model, EXAMPLE, kind)

    assert share(result.plan) == pytest.approx(result.share)
    assert target - 0.03 < result.share <= target
    assert share(planned(result.ratio - 0.07)) > target  # a sixteenth of a layer of 16 channels less is too little


@pytest.mark.parametrize("target", [0.7, 0.5, 0.35])
def test_layers_that_one_ratio_cuts_together_go_one_by_one(prepared, target):
    model, groups, scores, _ = prepared
    coarse = search(
        model, EXAMPLE, groups, scores, lambda r: plan(groups, scores, r), "macs", target, largest=largest_ratio(groups)
    )
    assert target - 0.1 < coarse.share <= target
    kept = {group.count - len(coarse.plan.get(group.name, ())) for group in groups}
    assert all(count % 8 == 0 for count in kept)


def test_a_target_below_the_limit_names_the_limit(prepared):
    with pytest.raises(
        InputError, match=r"parameters cannot go down to 0.001 of the whole: .* 0\.00\d+ of it stay; ask for more"
    ):
        found(prepared, "parameters", 0.001)


@pytest.mark.parametrize("target", [0.0, 1.0, 1.5, -1.0])
def test_a_target_outside_its_range_is_refused(prepared, target):
    with pytest.raises(InputError, match=r"a target must lie in \(0, 1\), got"):
        found(prepared, "macs", target)


def test_a_latency_that_does_not_hold_when_measured_again_costs_a_little_more(prepared, monkeypatch):
    seen = []

    def timed(first, second, example, *, repeats, threads):
        share = cost(second, EXAMPLE, "macs") / cost(first, EXAMPLE, "macs")
        seen.append(repeats)
        return (share * (1.02 if repeats > 20 and len(seen) < 12 else 1.0), None, None)

    monkeypatch.setattr(searching, "compare_latency", timed)
    result = found(prepared, "latency", 0.5)
    assert result.share <= 0.5
    assert seen.count(60) >= 1


def test_the_model_is_left_as_it_was(prepared):
    model = prepared[0]
    before = {name: value.clone() for name, value in model.state_dict().items()}
    found(prepared, "macs", 0.5)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
