"""Tests of burnish.common.intervals."""

import math

import numpy as np
import pytest

from burnish.common.errors import InputError
from burnish.common.intervals import Estimate, mean, proportion, unit_score

TRIALS = 4000


def coverage(estimates: list[Estimate], true: float) -> float:
    return sum(found.low <= true <= found.high for found in estimates) / len(estimates)


@pytest.mark.parametrize("share", [0.02, 0.5, 0.95])
@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_wilson_intervals_hold_the_true_share_as_often_as_they_say(share, confidence):
    successes = np.random.default_rng(0).binomial(200, share, TRIALS)
    found = coverage([proportion(int(s), 200, confidence) for s in successes], share)
    # Four standard errors of the simulation, and what the lattice of whole successes adds or takes away.
    assert found == pytest.approx(confidence, abs=4 * math.sqrt(confidence * (1 - confidence) / TRIALS) + 0.03)


@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_normal_intervals_hold_the_true_mean_as_often_as_they_say(confidence):
    samples = np.random.default_rng(0).exponential(2.0, (TRIALS, 300))
    found = coverage([mean(s.mean(), s.std(ddof=1), 300, confidence) for s in samples], 2.0)
    assert found == pytest.approx(confidence, abs=4 * math.sqrt(confidence * (1 - confidence) / TRIALS) + 0.01)


def test_the_interval_of_a_share_never_leaves_zero_to_one():
    for successes, count in ((0, 1), (1, 1), (0, 1000), (1000, 1000)):
        found = proportion(successes, count)
        assert 0 <= found.low <= found.value <= found.high <= 1
        assert found.high > found.low


def test_the_interval_of_a_share_is_wilsons():
    from scipy.stats import binomtest

    expected = binomtest(37, 52).proportion_ci(0.9, method="wilson")
    found = proportion(37, 52, 0.9)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_no_answers_tell_nothing():
    found = proportion(0, 0)
    assert math.isnan(found.value)
    assert (found.low, found.high, found.count) == (0.0, 1.0, 0)


def test_a_share_scored_as_a_unit_score_is_the_share():
    found, expected = unit_score(0.7, math.sqrt(0.7 * 0.3), 40), proportion(28, 40)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_a_smaller_deviation_narrows_a_unit_score():
    narrow, wide = unit_score(0.7, 0.1, 40), unit_score(0.7, 0.4, 40)
    assert wide.low < narrow.low < 0.7 < narrow.high < wide.high


def test_a_perfect_unit_score_is_not_certain():
    assert unit_score(1.0, 0.0, 40).low == pytest.approx(proportion(40, 40).low)


def test_more_samples_narrow_a_mean_by_their_root():
    few, many = mean(1.0, 2.0, 100), mean(1.0, 2.0, 400)
    assert few.high - few.low == pytest.approx(2 * (many.high - many.low))


def test_one_sample_has_no_interval():
    assert mean(1.0, 0.0, 1).high == math.inf


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95])
def test_a_level_out_of_range_is_named(confidence):
    for make in (lambda: proportion(1, 2, confidence), lambda: mean(0, 1, 9, confidence)):
        with pytest.raises(InputError, match=rf"confidence must lie in \(0, 1\), got {confidence}: 0.95 is the usual"):
            make()


def test_more_successes_than_answers_are_named():
    with pytest.raises(InputError, match="successes must lie between 0 and count, got 3 of 2"):
        proportion(3, 2)


def test_an_estimate_reads_as_value_and_interval():
    assert str(Estimate(0.98, 0.93, 0.9945, 100)) == "0.98 [0.93, 0.9945]"
