"""Tests of burnish.defences.detectors.threshold."""

import math

import pytest
import torch

from burnish.common.errors import InputError
from burnish.common.seeding import generator
from burnish.defences.detectors.threshold import Threshold, choose_threshold


def test_the_threshold_is_the_order_statistic_worked_out_by_hand():
    scores = torch.tensor([3.0, 9.0, 1.0, 7.0, 5.0, 8.0, 2.0, 6.0, 4.0])  # 9 scores: 0.2 * (9 + 1) = 2nd largest
    assert choose_threshold(scores, 0.2) == Threshold(8.0, 0.2, 9)


def test_a_rounding_error_does_not_cost_a_rank():
    assert 0.29 * 100 < 29  # which is why
    assert choose_threshold(torch.arange(99.0), 0.29).value == 70.0  # the 29th largest


def test_a_fresh_clean_sample_is_rejected_at_the_rate_asked_for():
    trials, held_out, fresh, rate = 400, 39, 50, 0.05
    scores = torch.rand(trials, held_out + fresh, generator=generator(0, "scores"))
    rejected = [(row[held_out:] > choose_threshold(row[:held_out], rate).value).double().mean() for row in scores]
    observed = torch.stack(rejected)
    # Two of forty places are above the threshold, so the expectation is exactly the rate.
    assert observed.mean().item() == pytest.approx(rate, abs=4 * observed.std().item() / math.sqrt(trials))


def test_ties_never_raise_the_rate():
    scores = torch.tensor([0.0] * 30 + [1.0] * 70)
    assert (scores > choose_threshold(scores, 0.1).value).sum() == 0


def test_scores_that_are_all_the_same_are_refused():
    with pytest.raises(InputError, match=r"all 50 clean samples score 0\.5: the detector sees no difference"):
        choose_threshold(torch.full((50,), 0.5))


@pytest.mark.parametrize("rate", [0.0, 1.0, -0.1, math.nan])
def test_a_rate_outside_its_range_is_named(rate):
    with pytest.raises(InputError, match=rf"false_positive_rate must lie in \(0, 1\), got {rate}"):
        choose_threshold(torch.rand(50), rate)


def test_no_scores_are_refused():
    with pytest.raises(InputError, match="no clean samples"):
        choose_threshold(torch.empty(0))


def test_too_few_scores_say_how_many_are_needed():
    with pytest.raises(
        InputError, match=r"18 clean samples are too few for a false-positive rate of 0\.05: give at least 19"
    ):
        choose_threshold(torch.rand(18), 0.05)
    choose_threshold(torch.rand(19), 0.05)


def test_a_score_that_is_no_number_is_refused():
    with pytest.raises(InputError, match="NaN or infinite"):
        choose_threshold(torch.tensor([math.nan] + [0.0] * 30))
