"""Tests of burnish.data.tables.target."""

import polars as pl
import pytest
import torch

from burnish.common.errors import InputError
from burnish.data.tables.columns import clean
from burnish.data.tables.target import encode_target


def target(values, goal=None):
    return encode_target(clean(pl.Series("y", values)), goal, "t.csv")


def test_text_and_truth_values_are_classes_in_the_order_of_their_names():
    found = target(["yes", "no", "yes"])
    assert (found.goal, found.classes, found.values.tolist()) == ("classification", ("no", "yes"), [1, 0, 1])
    assert found.note == "classification, as 'y' holds 2 different texts; goal= decides otherwise"
    assert target([True, False]).classes == ("false", "true")


@pytest.mark.parametrize(
    ("values", "goal"),
    [
        ([0, 1, 1], "classification"),
        (["0", "1", "1"], "classification"),
        (["1.0", "2.0"], "classification"),
        ([0, 1, 2] * 10, "classification"),
        ([0, 1, 2] * 9, "regression"),
        (list(range(20)) * 10, "classification"),
        (list(range(21)) * 10, "regression"),
        ([0.5, 1.5], "regression"),
        (["2020-01-01", "2020-01-02"], "regression"),
    ],
)
def test_few_whole_numbers_are_classes_and_other_numbers_a_regression(values, goal):
    assert target(values).goal == goal
    assert f"{goal}, as 'y' holds" in target(values).note


def test_numbers_name_their_classes_and_stand_in_their_order():
    found = target(["10", "9", "1", "1.0"], goal="classification")
    assert found.classes == ("1", "9", "10")
    assert found.values.tolist() == [2, 1, 0, 0]
    assert found.values.dtype == torch.int64
    assert target([0.5, 2.0], goal="classification").classes == ("0.5", "2")


def test_regression_keeps_the_numbers_of_the_file():
    found = target(["10.5", "-2"], goal="regression")
    assert found.values.tolist() == [10.5, -2.0]
    assert found.values.dtype == torch.float32
    assert found.classes == ()
    assert found.note == ""


@pytest.mark.parametrize(
    ("values", "goal", "message"),
    [
        (["a", "a"], None, r"target column 'y' of t\.csv has one class only \('a'\): classification needs two or more"),
        ([3, 3], None, r"has one class only \('3.0'\)"),
        (["a", "b"], "regression", r"target column 'y' of t\.csv holds text \('a'\): regression needs numbers"),
        ([f"row {n}" for n in range(30)], None, "holds 30 different texts in 30 rows, which is free text rather than"),
        (["a", "b"], "regresion", r"unknown goal 'regresion' \(did you mean 'regression'\?\)"),
        ([[1], [2]], None, r"target column 'y' of t\.csv holds List\(Int64\): expected numbers or text"),
    ],
)
def test_a_target_that_cannot_be_learnt_is_explained(values, goal, message):
    with pytest.raises(InputError, match=message):
        target(values, goal)
