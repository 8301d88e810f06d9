"""Tests of burnish.diagnosis.data.leakage."""

import numpy as np
import pytest

from burnish.data.loading import load
from burnish.diagnosis.data.leakage import leakage_findings
from burnish.diagnosis.data.samples import batches


def noise(rows=400, columns=4):
    return np.random.default_rng(0).normal(size=(rows, columns)).astype(np.float32)


def leaks(rows, target, is_class):
    found = leakage_findings(rows, target, [f"c{n}" for n in range(rows.shape[1])], is_class=is_class)
    return [example.note for finding in found for example in finding.examples]


def test_a_copy_of_the_class_is_found_with_its_score():
    rows = noise()
    target = (rows[:, 0] + rows[:, 1] > 0).astype(np.int64)
    rows[:, 2] = target * 3 + 1
    assert leaks(rows, target, True) == ["c2: share of errors removed on held-out rows 1.000"]


def test_a_noisy_copy_is_found_where_the_others_do_worse():
    rows, rng = noise(1000), np.random.default_rng(1)
    target = rng.integers(0, 3, 1000)
    rows[:, 3] = np.where(rng.random(1000) < 0.03, rng.integers(0, 3, 1000), target)
    (note,) = leaks(rows, target, True)
    assert note.startswith("c3: ")
    assert "all other columns together" in note


def test_gaps_do_not_hide_a_leak():
    rows = noise()
    target = np.random.default_rng(2).integers(0, 2, 400)
    rows[:, 1] = np.where(target == 1, np.nan, rows[:, 1])
    assert [note[:3] for note in leaks(rows, target, True)] == ["c1:"]


def test_a_transformed_number_is_found_for_regression():
    rows = noise(1000)
    target = np.exp(rows[:, 0] / 2) + rows[:, 1]
    rows[:, 2] = target**3
    assert [note[:3] for note in leaks(rows, target, False)] == ["c2:"]


def test_good_predictors_are_no_leak():
    rows = noise(1000)
    target = (rows[:, 0] + 0.3 * rows[:, 1] > 0).astype(np.int64)
    assert leaks(rows, target, True) == []
    assert leaks(rows, rows[:, 0] * 2 + rows[:, 1], False) == []


@pytest.mark.parametrize("name", ["iris", "wine", "breast-cancer", "diabetes"])
def test_real_tables_have_no_leak(name):
    data = load(name)
    rows, target = (np.concatenate(parts) for parts in zip(*batches(data), strict=True))
    assert leaks(rows, target, data.schema.goal == "classification") == []


def test_few_rows_are_not_judged():
    assert leaks(np.eye(10, dtype=np.float32), np.arange(10) % 2, True) == []
