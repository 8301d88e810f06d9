"""Tests of burnish.diagnosis.data.tables."""

import numpy as np

from burnish.data.schema import Column, Schema
from burnish.diagnosis.data.samples import Samples
from burnish.diagnosis.data.tables import table_findings

SCHEMA = Schema("table", "classification", (3,), classes=("a", "b"), columns=tuple(Column(n, "numeric") for n in "xyz"))
SPLITS = np.repeat([0, 1, 2], [300, 50, 100]).astype(np.int8)


def rows():
    return np.random.default_rng(0).normal(size=(450, 3)).astype(np.float32)


def find(table, target=None):
    target = np.random.default_rng(1).integers(0, 2, 450) if target is None else target
    samples = Samples(SPLITS, target, SCHEMA.classes, str, unit="row")
    return {f.code: f for f in table_findings(table, target, samples, SCHEMA, drawn=True)}


def test_a_clean_table_has_no_finding():
    assert find(rows()) == {}


def test_rows_that_return_in_the_test_are_a_leak():
    table = rows()
    table[400:420] = table[:20]
    found = find(table)
    assert (found["duplicates-across-splits"].count, found["duplicates-across-splits"].severity) == (20, "error")


def test_gaps_are_equal_to_gaps():
    table = rows()
    table[:, 2] = np.nan
    table[0, 2] = 1
    table[400:410] = table[1:11]
    assert find(table)["duplicates-across-splits"].count == 10


def test_equal_rows_with_other_classes_conflict():
    table, target = rows(), np.zeros(450, np.int64)
    target[::2] = 1
    table[1::30] = table[::30]
    assert find(table, target)["conflicting-labels"].count == 30


def test_equal_rows_of_few_values_are_information_only():
    table = np.random.default_rng(2).integers(0, 3, (450, 3)).astype(np.float32)
    assert {finding.severity for finding in find(table).values()} == {"info"}


def test_a_column_that_fails_more_often_in_the_test_is_drift():
    table = rows()
    table[350:430, 1] = np.nan
    assert any("gaps in y" in example.note for example in find(table)["drift"].examples)
