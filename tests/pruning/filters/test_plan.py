"""Tests of burnish.pruning.filters.plan."""

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.pruning.filters.plan import FEWEST, largest_ratio, plan
from burnish.pruning.graph.tracing import groups as groups_of


@pytest.fixture(scope="module")
def groups():
    net = nn.Sequential(nn.Linear(4, 40), nn.ReLU(), nn.Linear(40, 20), nn.ReLU(), nn.Linear(20, 2))
    return groups_of(net, torch.zeros(1, 4))


def scores(groups, scale=(1.0, 1.0)):
    generator = torch.Generator().manual_seed(0)
    return {g.name: torch.rand(g.count, generator=generator) * s for g, s in zip(groups, scale, strict=True)}


@pytest.mark.parametrize("ratio", [0.1, 0.35, 0.5, 0.9])
def test_every_group_loses_the_same_share_of_its_weakest(groups, ratio):
    known = scores(groups)
    found = plan(groups, known, ratio, round_to=1)
    for group in groups:
        gone = found[group.name]
        assert len(gone) == int(ratio * group.count + 1e-9)
        kept = sorted(set(range(group.count)) - set(gone))
        assert known[group.name][gone].max() <= known[group.name][kept].min()


def test_where_all_compete_the_weakest_of_all_go_but_a_tenth_of_every_group_stays(groups):
    known = scores(groups, (100.0, 1.0))
    found = plan(groups, known, 0.5, scope="global", round_to=1)
    counts = {group.name: len(found.get(group.name, ())) for group in groups}
    small, large = groups[1], groups[0]
    assert counts[small.name] == small.count - round(FEWEST * small.count)
    assert sum(counts.values()) == 30
    assert counts[large.name] == 12


def test_what_stays_is_a_multiple_and_small_groups_are_not_rounded(groups):
    found = plan(groups, scores(groups), 0.5, round_to=16)
    kept = [group.count - len(found.get(group.name, ())) for group in groups]
    assert kept == [32, 16]
    found = plan(groups, scores(groups), 0.5, round_to=32)
    assert [group.count - len(found.get(group.name, ())) for group in groups] == [32, 10]


def test_single_layers_may_have_a_share_of_their_own(groups):
    found = plan(groups, scores(groups), 0.5, ratios={"2": 0.9}, round_to=1)
    assert [len(found[group.name]) for group in groups] == [20, 18]
    found = plan(groups, scores(groups), 0.5, ratios={"2": 0.0}, round_to=1, scope="global")
    assert {name: len(gone) for name, gone in found.items()} == {"0": 20}


def test_no_share_leaves_a_group_empty(groups):
    found = plan(groups, scores(groups), largest_ratio(groups), round_to=1)
    assert [group.count - len(found[group.name]) for group in groups] == [1, 1]


def test_shares_and_names_that_cannot_be_are_refused(groups):
    with pytest.raises(InputError, match=r"a pruning ratio must lie in \[0, 1\), got 1: 0.5 removes half"):
        plan(groups, scores(groups), 1.0)
    with pytest.raises(InputError, match=r"got -0.1"):
        plan(groups, scores(groups), 0.5, ratios={"0": -0.1})
    with pytest.raises(InputError, match="'conv1' makes no channels that can go"):
        plan(groups, scores(groups), 0.5, ratios={"conv1": 0.5})
