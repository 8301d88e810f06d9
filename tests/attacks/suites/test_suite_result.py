"""Tests of burnish.attacks.suites.suite_result."""

import json

import pytest
import torch

from burnish.attacks.suites.suite_result import SuiteResult, Trial
from burnish.common.intervals import proportion


@pytest.fixture
def result():
    trials = tuple(Trial(name, {"steps": 2}, 3, 1, proportion(2, 4), None, 30, 20, 0.5) for name in ("a", "b", "a"))
    return SuiteResult(
        suite="mine",
        norm="linf",
        eps=0.1,
        trials=trials,
        inputs=torch.zeros(4, 2),
        labels=torch.tensor([7, 7, 2, 2]),
        right=torch.tensor([True, True, True, False]),
        robust=torch.tensor([True, False, False, False]),
        fooled_by=torch.tensor([-1, 1, 2, -1]),
    )


def test_shares_are_of_all_samples(result):
    assert result.clean_accuracy == proportion(3, 4)
    assert result.robust_accuracy == proportion(1, 4)
    assert result.classes == {2: proportion(0, 2), 7: proportion(1, 2)}


def test_who_fooled_whom_is_found_by_name(result):
    assert result.fooled_first("a").tolist() == [False, False, True, False]
    assert result.fooled_first("b").tolist() == [False, True, False, False]


def test_plain_data_read_back_from_json(result):
    plain = json.loads(json.dumps(result.to_dict()))
    assert plain["robust_accuracy"]["value"] == 0.25
    assert plain["attacks"][1] == {
        "attack": "b",
        "options": {"steps": 2},
        "tried": 3,
        "fooled": 1,
        "so_far": vars(proportion(2, 4)),
        "alone": None,
        "queries": 30,
        "gradients": 20,
        "seconds": 0.5,
    }
    assert (plain["suite"], plain["norm"], plain["eps"], plain["count"]) == ("mine", "linf", 0.1, 4)
