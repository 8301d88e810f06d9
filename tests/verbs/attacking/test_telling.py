"""Tests of burnish.verbs.attacking.telling."""

import dataclasses

from tests.verbs.attacking.test_robustness import found  # noqa: F401 - a fixture

from burnish.attacks.transfer import TransferMatrix
from burnish.common.intervals import proportion
from burnish.verbs.attacking.telling import told


def test_everything_that_was_found_is_told_in_lines_that_fit(found):  # noqa: F811
    text = told(found)
    lines = text.splitlines()
    assert lines[0] == "0001-fit on 4 test samples of digits, linf eps 0.1 (95% intervals)"
    assert lines[1].startswith("  clean accuracy   75.0 % [")
    assert lines[2].startswith("  robust accuracy  25.0 % [")
    assert lines[2].endswith("worst case of pgd")
    assert any(line.startswith("pgd         3       2  25.0 %") for line in lines)
    assert "eps  accuracy under pgd" in text
    assert "least robust classes: cat 0.0 %, dog 50.0 %" in text
    assert "INFO     a title [probabilities]\n         a meaning\n         To do: an advice" in text
    assert "result: runs/0001-fit/robustness-quick-linf-0.1.json" in text
    assert max(map(len, lines)) <= 100


def test_models_stand_beside_each_other_in_a_transfer_matrix(found):  # noqa: F811
    half, none, all_of_them = (proportion(number, 4) for number in (2, 0, 4))
    matrix = TransferMatrix(
        ("a", "b"),
        (all_of_them, all_of_them),
        ((none, half), (half, none)),
        ((all_of_them,) * 2,) * 2,
        (0.1, 0.1),
        "linf",
        "pgd",
    )
    text = told(dataclasses.replace(found, transfer=matrix))
    assert "made on          a        b" in text
    assert "no attack  100.0 %  100.0 %" in text
    assert "a            0.0 %   50.0 %" in text


def test_learning_a_substitute_is_told_round_by_round(found):  # noqa: F811
    success = {"value": 0.5, "low": 0.2, "high": 0.8, "count": 4}
    rounds = [{"queries": 20, "samples": 20, "success": success}]
    account = {"rounds": rounds, "noise": {**success, "value": 0.0, "low": 0.0}, "judging": 12}
    text = told(dataclasses.replace(found, black_box=account, curve=None))
    assert "20           20  50.0 % [20.0, 80.0]" in text
    assert "noise of equal size fools 0.0 % [0.0, 80.0]; 12 more answers went into judging" in text
