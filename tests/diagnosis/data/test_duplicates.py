"""Tests of burnish.diagnosis.data.duplicates."""

import numpy as np
import pytest

from burnish.diagnosis.data.duplicates import Wording, duplicate_findings, expected_by_chance
from burnish.diagnosis.data.groups import equal_groups
from burnish.diagnosis.data.samples import Samples

WORDING = Wording("image", "a copy", "copies")


def find(keys, splits, labels, **options):
    samples = Samples(np.array(splits, np.int8), np.array(labels), ("cat", "dog"), lambda number: f"s{number}")
    groups = equal_groups(np.array(keys))
    return {finding.code: finding for finding in duplicate_findings(groups, samples, WORDING, **options)}


def test_no_copies_no_finding():
    assert find([1, 2, 3], [0, 1, 2], [0, 0, 0]) == {}


def test_a_copy_in_a_later_split_is_a_leak():
    found = find([1, 2, 3, 1, 4, 1], [0, 0, 0, 2, 2, 2], [0] * 6)
    leak = found["duplicates-across-splits"]
    assert (leak.severity, leak.count, leak.share) == ("error", 2, pytest.approx(2 / 3))
    assert str(leak.examples[0]) == "s0 (train, cat) = s3 (test, cat) = s5 (test, cat)"
    assert found["duplicates"].count == 1


def test_a_copy_in_validation_and_test_is_a_leak():
    assert find([1, 2, 2], [0, 1, 2], [0] * 3)["duplicates-across-splits"].count == 1


def test_copies_in_one_split_are_no_leak():
    found = find([1, 1, 1, 2], [0, 0, 0, 2], [0] * 4)
    assert list(found) == ["duplicates"]
    assert (found["duplicates"].count, found["duplicates"].severity) == (2, "warning")


def test_copies_of_two_classes_conflict():
    found = find([1, 1, 2, 2], [0, 0, 0, 0], [0, 1, 0, 0])
    assert (found["conflicting-labels"].count, found["conflicting-labels"].severity) == (2, "error")


def test_unlabelled_copies_do_not_conflict():
    assert "conflicting-labels" not in find([1, 1], [0, 0], [-1, 0])


def test_what_chance_explains_is_information_only():
    found = find([1, 1, 1], [0, 0, 2], [0, 1, 0], by_chance=True)
    assert {finding.severity for finding in found.values()} == {"info"}


def test_drawn_splits_get_their_own_advice():
    assert "drawn at random" in find([1, 1], [0, 2], [0, 0], drawn=True)["duplicates-across-splits"].advice
    assert "drawn at random" not in find([1, 1], [0, 2], [0, 0])["duplicates-across-splits"].advice


def test_equal_rows_of_fine_numbers_are_no_chance():
    rows = np.random.default_rng(0).normal(size=(200, 4)).astype(np.float32)
    rows[:10] = rows[100:110]
    groups = equal_groups(rows[:, 0])
    assert len(groups) == 10
    assert not expected_by_chance(groups, rows)
