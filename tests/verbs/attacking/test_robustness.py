"""Tests of burnish.verbs.attacking.robustness."""

import json
from pathlib import Path

import pytest
import torch

from burnish.attacks.suites.curve import Curve
from burnish.attacks.suites.finding import Finding
from burnish.attacks.suites.suite_result import SuiteResult, Trial
from burnish.common.intervals import proportion
from burnish.verbs.attacking.robustness import Robustness


@pytest.fixture
def found():
    result = SuiteResult(
        suite="quick",
        norm="linf",
        eps=0.1,
        trials=(Trial("pgd", {"steps": 10}, 3, 2, proportion(1, 4), proportion(1, 4), 30, 20, 0.5),),
        inputs=torch.zeros(4, 2),
        labels=torch.tensor([1, 1, 0, 0]),
        right=torch.tensor([True, True, True, False]),
        robust=torch.tensor([True, False, False, False]),
        fooled_by=torch.tensor([-1, 0, 0, -1]),
    )
    return Robustness(
        subject="0001-fit",
        data="digits",
        split="test",
        seed=0,
        result=result,
        class_names=("cat", "dog"),
        findings=(Finding("probabilities", "info", "a title", "a meaning", "an advice"),),
        curve=Curve("linf", (0.0, 0.1), (proportion(3, 4), proportion(1, 4)), torch.zeros(4)),
        curve_attacks=("pgd",),
        transfer=None,
        black_box=None,
        examples=[],
        seconds=1.23456,
        run=Path("runs/0001-fit"),
        file=Path("runs/0001-fit/robustness-quick-linf-0.1.json"),
    )


def test_accuracies_are_those_of_the_samples(found):
    assert found.clean_accuracy == proportion(3, 4)
    assert found.robust_accuracy == proportion(1, 4)
    assert found.classes == {"cat": proportion(0, 2), "dog": proportion(1, 2)}
    assert [trial.attack for trial in found.attacks] == ["pgd"]


def test_plain_data_hold_everything_and_read_back_from_json(found):
    plain = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert plain["classes"][0] == {"name": "cat", "clean": vars(proportion(1, 2)), "robust": vars(proportion(0, 2))}
    assert plain["curve"]["attacks"] == ["pgd"]
    assert plain["curve"]["accuracy"][1]["value"] == 0.25
    assert plain["findings"][0]["code"] == "probabilities"
    assert (plain["subject"], plain["split"], plain["seconds"], plain["suite"]) == ("0001-fit", "test", 1.235, "quick")
