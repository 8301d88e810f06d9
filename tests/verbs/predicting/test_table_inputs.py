"""Tests of burnish.verbs.predicting.table_inputs."""

import math

import polars as pl
import pytest
import torch

from burnish.common.errors import InputError
from burnish.data import Column, Schema
from burnish.verbs.predicting.table_inputs import read_tables, table_rows, unseen_categories

COLUMNS = (Column("age", "numeric"), Column("job", "categorical", ("cook", "smith")))
SCHEMA = Schema("table", "regression", (2,), columns=COLUMNS, target="pay")
ROWS = [[31.0, 1.0], [math.nan, 0.0]]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("job,age,pay\nsmith,31,9\ncook,,8\n")
    return path


def same(rows, expected):
    return torch.equal(rows.nan_to_num(-9), torch.tensor(expected).nan_to_num(-9))


def test_a_file_gives_its_rows_by_number(file):
    names, rows = read_tables([str(file)], SCHEMA)
    assert names == [{"row": 1}, {"row": 2}]
    assert same(rows, ROWS)


def test_several_files_are_told_apart(file, tmp_path):
    pl.read_csv(file).write_parquet(tmp_path / "b.parquet")
    names, rows = read_tables([str(file), str(tmp_path / "*.parquet")], SCHEMA)
    assert [(name["file"].split("/")[-1], name["row"]) for name in names] == [
        ("a.csv", 1), ("a.csv", 2), ("b.parquet", 1), ("b.parquet", 2)
    ]  # fmt: skip
    assert same(rows, ROWS * 2)


@pytest.mark.parametrize(
    "value",
    [
        pl.DataFrame({"age": [31, None], "job": ["smith", "cook"]}),
        {"age": [31, None], "job": ["smith", "cook"], "more": [1, 2]},
        [{"age": 31, "job": "smith"}, {"job": "cook", "age": None}],
        [{"age": 31, "job": "smith"}, {"job": "cook"}],
        torch.tensor(ROWS),
        torch.tensor(ROWS).double().numpy(),
    ],
    ids=["frame", "columns", "rows", "gap", "tensor", "array"],
)
def test_python_objects_give_the_same_rows(value):
    assert same(table_rows(value, SCHEMA), ROWS)


def test_one_row_needs_no_lists():
    assert same(table_rows({"age": 31, "job": "smith"}, SCHEMA), ROWS[:1])
    assert same(table_rows(torch.tensor(ROWS[0]), SCHEMA), ROWS[:1])


def test_a_pandas_frame_does_without_importing_pandas():
    class Frame:
        columns = ("age", "job")
        iloc = None

        def __getitem__(self, name):
            import numpy as np

            return np.array({"age": [31.0, math.nan], "job": ["smith", "cook"]}[name])

    assert same(table_rows(Frame(), SCHEMA), ROWS)


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (
            {"agee": [1], "job": ["cook"]},
            r"the table has no column 'age' \(did you mean 'agee'\?\): the model needs age, job",
        ),
        ({"age": ["old"], "job": ["cook"]}, "column 'age' of the table must hold numbers, row 1 has 'old'"),
        ({"age": [1, 2], "job": ["cook"]}, "the table cannot be read: .*; columns of one length are expected"),
        ({"age": [], "job": []}, "the table has no rows: expected at least one to predict"),
        (torch.zeros(2, 3), r"the rows have shape \(2, 3\): expected \(rows, 2\), a number for each of age, job"),
        (torch.full((1, 2), math.inf), "the rows have infinite values"),
        (torch.zeros(0, 2), "the array has no rows"),
    ],
)
def test_what_does_not_fit_is_named(value, line):
    with pytest.raises(InputError, match=line):
        table_rows(value, SCHEMA)


def test_a_file_of_another_kind_is_named(tmp_path):
    (tmp_path / "a.txt").write_text("hello")
    with pytest.raises(InputError, match=r"a\.txt is no table that burnish reads: expected \.csv, \.tsv, \.parquet"):
        read_tables([str(tmp_path / "a.txt")], SCHEMA)


def test_new_categories_are_counted_and_gaps_are_not():
    rows = torch.tensor([[-1.0, -1.0], [2.0, math.nan], [3.0, -1.0]])
    assert unseen_categories(rows, SCHEMA) == ["column 'job': 2 of 3 values were not seen in training"]
    assert unseen_categories(torch.tensor(ROWS), SCHEMA) == []
