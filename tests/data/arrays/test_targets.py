"""Tests of burnish.data.arrays.targets."""

import numpy as np
import pytest
import torch

from burnish.common.errors import InputError
from burnish.data.arrays.targets import read_targets


def test_integers_are_classes_named_by_their_number():
    notes = []
    targets, goal, classes = read_targets({"train": torch.tensor([2, 0]), "test": torch.tensor([1])}, None, notes)
    assert (goal, classes) == ("classification", ("0", "1", "2"))
    assert targets["train"].dtype == torch.int64
    assert notes == ["targets are integers, so the goal is classification"]


def test_floats_are_numbers_to_predict():
    targets, goal, classes = read_targets({"train": np.array([1.0, 2.5])}, None, [])
    assert (goal, classes, targets["train"].dtype) == ("regression", (), torch.float32)


def test_strings_are_coded_alike_in_every_split():
    targets, goal, classes = read_targets({"train": ["cat", "ant"], "test": np.array(["dog", "ant"])}, None, [])
    assert (goal, classes) == ("classification", ("ant", "cat", "dog"))
    assert [targets[split].tolist() for split in ("train", "test")] == [[1, 0], [2, 0]]


def test_the_goal_overrides_the_type():
    assert read_targets({"train": np.array([3, 4])}, "regression", [])[0]["train"].tolist() == [3.0, 4.0]
    assert read_targets({"train": np.array([1.0, 0.0])}, "classification", [])[0]["train"].tolist() == [1, 0]


def test_booleans_and_a_column_are_taken():
    targets, _, classes = read_targets({"train": np.array([[True], [False]])}, None, [])
    assert targets["train"].tolist() == [1, 0]
    assert classes == ("0", "1")


def test_no_targets_means_to_generate():
    assert read_targets({"train": None}, None, []) == ({"train": None}, "generation", ())


def test_classes_without_samples_are_noted():
    notes = []
    read_targets({"train": np.array([1, 3])}, "classification", notes)
    assert notes == ["labels run to 3 but only 2 of 4 classes have a sample"]


@pytest.mark.parametrize(
    ("values", "goal", "message"),
    [
        (np.zeros((4, 3)), None, r"the train targets have shape \(4, 3\): expected one class or number a sample"),
        (np.array([1.0, np.nan]), None, "the train targets have NaN or infinite values"),
        (np.array([0.5, 1.0]), "classification", "the train targets are not whole numbers, so .*use goal=regression"),
        (np.array([-1, 1]), None, "class labels must count from 0, got -1 to 1"),
        (np.array([0, 10**7]), None, "class labels must count from 0, got 0 to 10000000.*goal=regression"),
        (np.array(["a", "b"]), "regression", "targets are strings, so the goal cannot be regression"),
        (np.array([None, 1]), None, "the train targets are of object"),
        (None, "regression", "there are no targets, so the goal cannot be regression"),
    ],
)
def test_targets_that_cannot_be_used_are_named(values, goal, message):
    with pytest.raises(InputError, match=message):
        read_targets({"train": values}, goal, [])


def test_mixed_types_are_named():
    with pytest.raises(InputError, match="targets are strings in one split and numbers in another"):
        read_targets({"train": ["a"], "test": [1]}, None, [])
