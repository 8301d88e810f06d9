"""Tests of burnish.diagnosis.data.drift."""

import numpy as np
import pytest

from burnish.diagnosis.data.drift import category_drift, numeric_drift, told_apart
from burnish.diagnosis.data.samples import Samples

RNG = np.random.default_rng(0)
SPLITS = np.repeat([0, 2], [600, 300]).astype(np.int8)
SAMPLES = Samples(SPLITS, np.full(900, -1), (), str)
HELD = SPLITS == 2


def test_a_shifted_column_is_found_and_named_with_its_effect():
    columns = {"same": RNG.normal(size=900), "moved": RNG.normal(size=900) + 0.8 * HELD}
    (found,) = numeric_drift(columns, SAMPLES)
    assert found.count == 1
    assert found.examples[0].note.startswith("moved: train against test D = 0.3")


def test_a_changed_spread_is_found():
    (found,) = numeric_drift({"x": RNG.normal(size=900) * (1 + 2 * HELD)}, SAMPLES)
    assert found.code == "drift"


def test_two_hundred_columns_of_one_source_have_no_drift():
    assert numeric_drift({str(n): RNG.normal(size=900) for n in range(200)}, SAMPLES) == []
    assert category_drift({str(n): RNG.integers(0, 5, 900) for n in range(200)}, SAMPLES) == []


def test_a_tiny_shift_of_many_samples_is_no_finding():
    splits = np.repeat([0, 2], 20_000).astype(np.int8)
    values = RNG.normal(size=40_000) + 0.1 * (splits == 2)  # D = 0.04, p < 1e-10
    assert numeric_drift({"x": values}, Samples(splits, np.full(40_000, -1), (), str)) == []


def test_gaps_are_left_out_of_numbers():
    values = RNG.normal(size=900)
    values[::2] = np.nan
    assert numeric_drift({"x": values}, SAMPLES) == []


def test_changed_shares_of_categories_are_found():
    codes = np.where(HELD, RNG.choice(3, 900, p=[0.2, 0.3, 0.5]), RNG.choice(3, 900, p=[0.5, 0.3, 0.2]))
    (found,) = category_drift({"job": codes}, SAMPLES)
    assert "job: train against test V = 0.3" in found.examples[0].note


def test_rare_categories_are_taken_together():
    codes = np.concatenate([RNG.integers(0, 300, 600), RNG.integers(300, 600, 300)])  # none in both
    assert category_drift({"id": codes}, SAMPLES) == []


def test_a_classifier_finds_what_no_column_shows():
    x = RNG.normal(size=900)
    y = np.where(HELD, -x, x) + 0.1 * RNG.normal(size=900)
    assert numeric_drift({"x": x, "y": y}, SAMPLES) == []
    (found,) = told_apart(np.stack([x, y], axis=1), SAMPLES)
    assert found.code == "splits-told-apart"
    area = float(found.examples[0].note.split("curve ")[1].split(",")[0])
    assert area == pytest.approx(0.95, abs=0.05)


def test_one_source_cannot_be_told_apart():
    assert told_apart(RNG.normal(size=(900, 10)), SAMPLES) == []
