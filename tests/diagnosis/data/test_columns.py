"""Tests of burnish.diagnosis.data.columns."""

import numpy as np
import polars as pl

from burnish.diagnosis.data.columns import column_findings

RNG = np.random.default_rng(0)
CLEAN = {"x": RNG.normal(size=100), "age": RNG.integers(18, 80, 100), "job": RNG.choice(["cook", "smith"], 100)}


def find(**columns):
    found = column_findings(pl.DataFrame(CLEAN | columns, strict=False))
    return {finding.code: [example.note for example in finding.examples] for finding in found}


def test_a_clean_table_has_no_finding():
    assert find() == {}


def test_constant_and_empty_columns_are_found():
    assert find(a=[1] * 100, b=[None] * 100, c=["NA"] * 100) == {"constant-columns": ["a", "b", "c"]}


def test_columns_with_mostly_gaps_are_found_with_the_share():
    values = [*RNG.normal(size=40).tolist(), *[None] * 60]
    assert find(gaps=values) == {"mostly-missing-columns": ["gaps: 60.0% missing"]}
    assert find(gaps=[*RNG.normal(size=60).tolist(), *[None] * 40]) == {}


def test_identifiers_are_found_whatever_their_name():
    numbers = RNG.permutation(100) + 7000
    names = [f"customer {number}" for number in range(100)]
    assert find(a=numbers, b=names, c=np.arange(100) * 3) == {"identifier-columns": ["a", "b", "c"]}


def test_whole_numbers_that_happen_to_differ_are_no_identifier():
    assert find(salary=RNG.choice(1_000_000, 100, replace=False)) == {}


def test_a_repeated_column_names_its_original():
    assert find(again=CLEAN["x"]) == {"repeated-columns": ["again = x"]}
