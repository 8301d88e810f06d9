"""Tests of burnish.data.tables.columns."""

import datetime

import numpy as np
import polars as pl
import pytest
import torch

from burnish.common.errors import InputError
from burnish.data.schema import Column
from burnish.data.tables.columns import clean, encode_column, find_column, kind_of

NAN = float("nan")


def found(values, name="x", train=None, **options):
    series = clean(pl.Series(name, values, **options))
    return find_column(series, np.arange(len(series)) if train is None else np.array(train))


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", " 2.5", "-1e3", "NA", ""], "numeric"),
        (["1", "inf", "2"], "numeric"),
        ([1, 2, None], "numeric"),
        ([1.5, NAN], "numeric"),
        (["true", "false"], "categorical"),
        ([True, False, None], "categorical"),
        (["1", "2", "x"], "categorical"),
        (["2020-01-02", "1969-12-31", None], "date"),
        (["2020-01-02T03:04:05Z", "2020-01-02 03:04", "2020-01-02 03:04:05.5+02:00"], "date"),
        ([datetime.date(2020, 1, 2)], "date"),
        ([datetime.datetime(2020, 1, 2, 3)], "date"),
        (["2020-01-02", "soon"], "categorical"),
        (["2020-13-45"], "categorical"),
        ([[1], [2]], None),
    ],
)
def test_the_kind_is_read_from_the_values(values, kind):
    assert kind_of(clean(pl.Series("x", values))) == kind


@pytest.mark.parametrize("gap", ["", "  ", "NA", "n/a", "null", "NULL", "NaN", "nan", None])
def test_every_way_to_say_missing_is_nan(gap):
    numeric = encode_column(Column("x", "numeric"), pl.Series("x", ["1", gap]), "t")
    category = encode_column(Column("x", "categorical", ("a", "b")), pl.Series("x", ["b", gap]), "t")
    date = encode_column(Column("x", "date"), pl.Series("x", ["1970-01-02", gap]), "t")
    for values in (numeric, category, date):
        assert values.dtype == torch.float32
        assert values[0].item() == 1.0
        assert values[1].isnan()


def test_infinity_counts_as_missing():
    for series in (pl.Series("x", ["inf", "1"]), pl.Series("x", [-np.inf, 1.0]), pl.Series("x", ["1e300", "1"])):
        values = encode_column(Column("x", "numeric"), series, "t")
        assert values[0].isnan()
        assert values[1] == 1


def test_dates_are_days_since_1970_whatever_their_form():
    texts = pl.Series("x", ["1970-01-02", "1969-12-31 12:00", "1970-01-01T18:00:00Z", "1970-01-02 02:00:00+02:00"])
    assert encode_column(Column("x", "date"), texts, "t").tolist() == [1.0, -0.5, 0.75, 1.0]
    zone = datetime.timezone(datetime.timedelta(hours=9))
    moments = pl.Series("x", [datetime.datetime(1970, 1, 2, 9, tzinfo=zone)])
    assert encode_column(Column("x", "date"), moments, "t").tolist() == [1.0]
    assert encode_column(Column("x", "date"), pl.Series("x", [datetime.date(1970, 1, 3)]), "t").tolist() == [2.0]


def test_categories_become_codes_and_unknown_ones_minus_one():
    column = Column("x", "categorical", ("a", "b"))
    assert encode_column(column, pl.Series("x", ["b", " a ", "c", "B"]), "t").tolist() == [1.0, 0.0, -1.0, -1.0]
    truth = Column("x", "categorical", ("false", "true"))
    assert encode_column(truth, pl.Series("x", [True, False]), "t").tolist() == [1.0, 0.0]
    assert encode_column(column, pl.Series("x", ["a"], dtype=pl.Categorical), "t").tolist() == [0.0]


def test_categories_and_gaps_come_from_the_training_rows_alone():
    column, note = found(["b", "a", "b", "z", None], train=[0, 1, 2])
    assert column == Column("x", "categorical", ("a", "b"), missing=False)
    assert note == ""
    assert found(["b", "a", "b", None], train=[0, 1, 3])[0].missing
    assert found([1.0, 2.0, 2.0, NAN], train=[0, 1, 3])[0] == Column("x", "numeric", missing=True)


@pytest.mark.parametrize(
    ("name", "values", "note"),
    [
        ("x", ["a"] * 5, "left out column 'x': it never varies in the training split"),
        ("x", [3.0] * 5, "left out column 'x': it never varies in the training split"),
        ("x", [None] * 5, "left out column 'x': it is empty in the training split"),
        ("x", ["", "NA", ""], "left out column 'x': it is empty in the training split"),
        ("x", ["p", "q", "r", None], "left out column 'x': every value is different, like an identifier or free text"),
        ("Customer_ID", [7, 8, 9], "left out column 'Customer_ID': every value is different, like an identifier"),
        ("", ["0", "1", "2"], "left out column '': every value is different, like an identifier"),
        ("x", [f"text {n}" for n in range(60)] * 1 + ["text 1"], "left out column 'x': 60 different texts in 61 rows"),
        ("x", [[1], [2], [3]], "left out column 'x': it holds List(Int64), not numbers, categories or dates"),
    ],
)
def test_columns_without_use_are_left_out_and_said(name, values, note):
    column, said = found(values, name)
    assert column is None
    assert said.startswith(note)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("x", ["a", None, None]),  # the gap is what varies
        ("age", [7, 8, 9]),
        ("id", [7, 7, 9]),
        ("humidity", [0.1, 0.2, 0.3]),
        ("x", ["a", "b"] * 30),
        ("x", ["2020-01-01", "2020-01-02", "2020-01-03"]),
    ],
)
def test_columns_with_use_are_kept(name, values):
    assert found(values, name)[0] is not None


def test_only_the_most_frequent_of_very_many_categories_are_told_apart():
    values = [f"c{number:03}" for number in range(300) for _ in range(3)] + ["c299"]
    column, note = found(values)
    assert len(column.categories) == 256
    assert "c299" in column.categories
    assert "c298" not in column.categories
    assert note == "column 'x': the 256 most frequent of 300 categories are told apart"


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        ("numeric", ["1", None, "abc"], "column 'x' of new.csv must hold numbers, row 3 has 'abc'"),
        ("date", ["2020-01-02", "02/01/2020"], r"must hold ISO dates \(2026-01-31\), row 2 has '02/01/2020'"),
        ("date", [1, 2], "must hold ISO dates .*, row 1 has '1'"),
        ("categorical", [[1]], r"column 'x' of new.csv holds List\(Int64\): expected text"),
    ],
)
def test_a_value_of_another_kind_is_named_with_its_row(kind, values, message):
    with pytest.raises(InputError, match=message):
        encode_column(Column("x", kind, ("a",)), pl.Series("x", values), "new.csv")
