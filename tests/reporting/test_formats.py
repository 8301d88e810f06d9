"""Tests of burnish.reporting.formats."""

import math

import pytest

from burnish.common.intervals import Estimate, proportion
from burnish.reporting.formats import duration, estimate_text, latency_setting, latency_text, number, read_estimate


def test_a_share_gets_a_second_digit_once_the_interval_supports_it():
    assert estimate_text("accuracy", proportion(920, 1000)) == "92.0 % [90.2, 93.5]"
    assert estimate_text("accuracy", proportion(92_130, 100_000)) == "92.13 % [91.96, 92.30]"


def test_another_metric_is_told_to_the_second_digit_of_its_uncertainty():
    assert estimate_text("loss", Estimate(0.061234, 0.0589, 0.0634, 360)) == "0.0612 [0.0589, 0.0634]"


@pytest.mark.parametrize(("plain", "text"), [(0.5, "0.5"), ({"value": 2}, "2"), ({"value": math.nan}, "NaN")])
def test_a_number_without_interval_stands_alone(plain, text):
    assert estimate_text("loss", read_estimate(plain)) == text


@pytest.mark.parametrize("plain", [None, "high", [], {}, {"value": None}, True])
def test_what_is_not_a_number_is_no_estimate(plain):
    assert read_estimate(plain) is None


@pytest.mark.parametrize(("value", "text"), [(math.inf, "∞"), (0, "0"), (1e-7, "1e-07"), (25_000_000, "25,000,000")])
def test_extreme_numbers_stay_short(value, text):
    assert number(value) == text


def test_seconds_never_read_as_sixty():
    assert duration(59.96) == "1 min 00 s"
    assert duration(3599.7) == "1 h 00 min"


@pytest.mark.parametrize("latency", [None, {}, {"median": None}, "fast"])
def test_latency_that_was_not_measured_is_a_dash(latency):
    assert latency_text(latency) == "—"


def test_latency_tells_its_threads():
    assert latency_setting({"batch": 8, "threads": 2}) == "batch 8, 2 threads"
