"""Tests of burnish.attacks.black_box.answers."""

import numpy as np
import pytest
import torch

from burnish.attacks.black_box.answers import labels_from
from burnish.common.errors import InputError


@pytest.mark.parametrize(
    "answer",
    [
        torch.tensor([2, 0]),
        torch.tensor([2.0, 0.0]),
        np.array([2, 0], dtype=np.uint8),
        [2, 0],
        (2, 0),
    ],
)
def test_labels_may_come_in_any_form(answer):
    labels, width = labels_from(answer, 2, "predict")
    assert labels.tolist() == [2, 0]
    assert labels.dtype == torch.int64
    assert width is None


@pytest.mark.parametrize("form", [torch.tensor, np.array, list])
def test_scores_count_by_their_largest_and_tell_how_many_classes_there_are(form):
    labels, width = labels_from(form([[-1.0, 5.0, 2.0], [3.0, -4.0, 0.0]]), 2, "predict")
    assert labels.tolist() == [1, 0]
    assert width == 3


def test_the_answer_itself_is_neither_kept_nor_changed():
    answer = np.array([1, 0])
    labels, _ = labels_from(answer, 2, "predict")
    labels[0] = 7
    assert answer.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (torch.tensor(3), r"predict must answer 2 samples with labels \(2,\) or scores \(2, classes\), got shape \(\)"),
        ([1, 2, 3], r"got shape \(3,\)"),
        (torch.zeros(2, 3, 4), r"got shape \(2, 3, 4\)"),
        (torch.zeros(2, 1), r"got shape \(2, 1\): one number a sample is no class, return labels instead"),
        ([0.3, 0.9], "got 2 fractions: return a score for each class"),
        ([0, -1], "got the class number -1"),
        ([[float("nan"), 1.0], [0.0, 1.0]], "got NaN"),
        (torch.tensor([True, False]), "got torch.bool"),
        (["cat", "dog"], "got list that holds no numbers"),
        (None, "got NoneType that holds no numbers"),
        ([[1.0], [1.0, 2.0]], "got list that holds no numbers"),
    ],
)
def test_what_is_no_answer_is_said(answer, message):
    with pytest.raises(InputError, match=message):
        labels_from(answer, 2, "predict")
