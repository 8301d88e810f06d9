"""Tests of burnish.verbs.pruning.cutting."""

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.verbs.prune import Prune
from burnish.verbs.pruning.cutting import check, cut, part_of


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 2)).eval()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "pruning needs one target, got none: --latency 0.5 is one of level filter"),
        ({"level": "weight"}, "pruning needs one target, got none: --sparsity 0.5 is one of level weight"),
        ({"level": "layer", "macs": 0.5}, "--macs is no target of level layer: it takes params, ratio"),
        ({"ratio": 0.0}, r"ratio must lie in \(0, 1\), got 0"),
        ({"ratio": 0.5, "rounds": 0}, "rounds, calibration and round_to must be at least 1"),
        ({"max_drop": -1.0}, "max_drop must be positive, got -1: it is in points"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        check(Prune(**options))


def test_every_way_to_name_one_target_is_taken():
    for options in ({"ratio": 0.5}, {"latency": 0.5}, {"level": "weight", "pattern": "2:4"}, {"max_drop": 1.0}):
        check(Prune(**options))


@pytest.mark.parametrize(
    ("options", "level"), [({"ratio": 0.5}, "filter"), ({"sparsity": 0.5, "level": "weight"}, "weight")]
)
def test_a_copy_is_cut_and_the_stage_and_the_report_are_plain(options, level):
    import json

    net = network()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    found = cut(net, torch.zeros(1, 8), Prune(**options), None, None)
    assert found.stage["level"] == level
    json.dumps([found.stage, found.report])
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_random_follows_the_seed():
    def kept(seed):
        found = cut(network(), torch.zeros(1, 8), Prune(ratio=0.5, criterion="random", seed=seed), None, None)
        return found.stage["steps"][0]["kept"]

    assert kept(0) == kept(0)
    assert kept(0) != kept(1)


def test_rounds_share_a_target_so_that_the_last_one_reaches_it():
    assert part_of(Prune(macs=0.125), 2, 3).macs == pytest.approx(0.5)
    assert 1 - (1 - part_of(Prune(ratio=0.75), 1, 2).ratio) ** 2 == pytest.approx(0.75)
    assert part_of(Prune(sparsity=0.9), 2, 2).sparsity == pytest.approx(0.9)
    assert part_of(Prune(sparsity=0.9), 1, 2).sparsity < 0.9
    assert part_of(Prune(macs=0.5), 1, 1).macs == 0.5
