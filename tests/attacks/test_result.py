"""Tests of burnish.attacks.result."""

import pytest
import torch

from burnish.attacks.result import AttackResult, joined


def result(success, wrong, first=0):
    count = len(success)
    numbers = torch.arange(first, first + count)
    return AttackResult(
        inputs=numbers[:, None].float(),
        success=torch.tensor(success),
        wrong=torch.tensor(wrong),
        distance=numbers.float(),
        queries=numbers,
        gradients=numbers * 2,
        norm="l2",
    )


def test_robust_accuracy_counts_all_samples_and_those_that_were_wrong_as_lost():
    found = result([True, True, False, False, False], [True, False, False, False, False]).robust_accuracy()
    assert (found.value, found.count) == (0.6, 5)
    assert found.low < 0.6 < found.high


def test_the_fooling_rate_leaves_out_those_that_were_wrong_already():
    found = result([True, True, False, False, False], [True, False, False, False, False]).fooling_rate()
    assert (found.value, found.count) == (0.25, 4)


def test_a_higher_confidence_widens_the_interval():
    told = result([True, False] * 20, [False] * 40)
    narrow, wide = told.robust_accuracy(0.8), told.robust_accuracy(0.99)
    assert wide.low < narrow.low < narrow.high < wide.high


def test_of_no_right_sample_the_fooling_rate_is_unknown():
    found = result([True, True], [True, True]).fooling_rate()
    assert found.value != found.value
    assert (found.low, found.high) == (0.0, 1.0)


def test_parts_are_joined_in_their_order():
    parts = [result([True, False], [False, False]), result([False], [False], first=2)]
    whole = joined(parts)
    assert len(whole) == 3
    assert whole.distance.tolist() == [0, 1, 2]
    assert whole.inputs.flatten().tolist() == [0, 1, 2]
    assert whole.success.tolist() == [True, False, False]
    assert whole.gradients.tolist() == [0, 2, 4]
    assert whole.norm == "l2"


def test_moving_to_a_device_keeps_everything():
    told = result([True], [False])
    moved = told.to(torch.device("cpu"))
    assert moved.norm == "l2"
    assert moved.robust_accuracy().value == pytest.approx(0.0)
    assert torch.equal(moved.queries, told.queries)
