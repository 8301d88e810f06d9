"""Tests of burnish.data.tables.table."""

import json
from pathlib import Path

import polars as pl
import pytest
import torch

from burnish.common.errors import InputError
from burnish.data.options import DataOptions
from burnish.data.schema import Column, Schema
from burnish.data.tables.table import encode_rows, load_table

NAN = float("nan")


@pytest.fixture
def customers():
    """Forty customers: age with gaps, plan, joined, an identifier, a constant, free text, whether they left."""
    return pl.DataFrame(
        {
            "customer_id": list(range(100, 140)),
            "age": [None if row % 7 == 3 else 20.0 + row for row in range(40)],
            "plan": ["basic" if row % 3 else "gold" for row in range(40)],
            "joined": [f"2020-01-{1 + row % 28:02}" for row in range(40)],
            "country": ["NL"] * 40,
            "remark": [f"customer number {row} said something" for row in range(40)],
            "churned": ["yes" if row % 4 == 0 else "no" for row in range(40)],
        }
    )


def as_file(frame, path):
    frame.write_parquet(path) if path.suffix == ".parquet" else frame.write_csv(path)
    return path


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_table_becomes_columns_classes_and_splits(tmp_path, customers, suffix):
    data = load_table(as_file(customers, tmp_path / f"customers{suffix}"), DataOptions(), seed=0)
    assert data.schema == Schema(
        "table",
        "classification",
        (3,),
        classes=("no", "yes"),
        target="churned",
        columns=(
            Column("age", "numeric", missing=True),
            Column("plan", "categorical", ("basic", "gold")),
            Column("joined", "date"),
        ),
    )
    assert (len(data.train), len(data.validation), len(data.test)) == (28, 4, 8)
    assert data.name == "customers"
    assert Path(data.origin) == tmp_path / f"customers{suffix}"
    assert data.notes == (
        "the target is 'churned', the last column; target= names another",
        "classification, as 'churned' holds 2 different texts; goal= decides otherwise",
        "left out column 'customer_id': every value is different, like an identifier or free text",
        "left out column 'country': it never varies in the training split",
        "left out column 'remark': every value is different, like an identifier or free text",
    )


def test_every_row_carries_the_values_of_its_row_in_the_file(tmp_path, customers):
    data = load_table(as_file(customers, tmp_path / "c.csv"), DataOptions(), seed=1)
    seen = set()
    for split in (data.train, data.validation, data.test):
        rows, labels = split.gather(torch.arange(len(split)))
        for number in range(len(split)):
            row = int(split.describe(number).removeprefix("c.csv row ")) - 1
            expected = [NAN if row % 7 == 3 else 20.0 + row, 0.0 if row % 3 else 1.0, 18262.0 + row % 28]
            assert rows[number].tolist() == pytest.approx(expected, nan_ok=True)
            assert labels[number] == (row % 4 == 0)
            seen.add(row)
    assert seen == set(range(40))


def test_a_category_that_only_other_splits_have_is_unknown(tmp_path, customers):
    path = tmp_path / "c.csv"
    first = load_table(as_file(customers, path), DataOptions(), seed=0)
    row = int(first.test.describe(0).removeprefix("c.csv row ")) - 1
    plans = customers["plan"].to_list()
    plans[row] = "platinum"
    data = load_table(as_file(customers.with_columns(plan=pl.Series(plans)), path), DataOptions(), seed=0)
    assert data.schema.columns[1].categories == ("basic", "gold")
    assert data.test.gather(torch.tensor([0]))[0][0, 1] == -1.0


def test_rows_without_a_target_are_left_out_and_said(tmp_path):
    lines = ["x,y", "1,2.5", "2,", "3,NA", "4,1.5", "5,0.5", "6,inf", "7,9.5"]
    path = tmp_path / "t.csv"
    path.write_text("\n".join(lines))
    data = load_table(path, DataOptions(validation=0.0, test=0.0), 0)
    assert data.train.gather(torch.arange(4))[0][:, 0].tolist() == [1.0, 4.0, 5.0, 7.0]
    assert data.train.gather(torch.arange(4))[1].tolist() == [2.5, 1.5, 0.5, 9.5]
    assert "left out 3 rows without a value of 'y'" in data.notes
    assert data.schema.goal == "regression"
    assert data.train.labels() is None
    assert data.train.describe(1) == "t.csv row 4"


def test_the_target_may_be_any_column_and_the_goal_may_be_given(tmp_path, customers):
    options = DataOptions(target="age", goal="regression")
    data = load_table(as_file(customers, tmp_path / "c.csv"), options, 0)
    assert data.schema.target == "age"
    assert [column.name for column in data.schema.columns] == ["plan", "joined", "churned"]
    assert not any("target is" in note or "goal=" in note for note in data.notes)


def test_classes_keep_their_share_in_every_split(tmp_path, customers):
    data = load_table(as_file(customers, tmp_path / "c.csv"), DataOptions(), 0)
    assert data.test.labels().float().mean() == 0.25
    assert data.validation.labels().float().mean() == 0.25


def test_new_rows_are_encoded_by_the_stored_schema_alone(tmp_path, customers):
    data = load_table(as_file(customers, tmp_path / "c.csv"), DataOptions(), 0)
    stored = Schema.from_dict(json.loads(json.dumps(data.schema.to_dict())))
    assert stored == data.schema
    new = tmp_path / "new.csv"
    new.write_text("joined,plan,age,extra\n1970-01-11,gold,33,?\n,platinum,,?\n")
    assert encode_rows(stored, new)[0].tolist() == [33.0, 1.0, 10.0]
    assert encode_rows(stored, str(new))[1].tolist() == pytest.approx([NAN, -1.0, NAN], nan_ok=True)
    frame = customers.select("age", "plan", "joined")
    whole = load_table(tmp_path / "c.csv", DataOptions(validation=0.0, test=0.0), 0).train.gather(torch.arange(40))[0]
    assert torch.equal(encode_rows(stored, frame).nan_to_num(-9), whole.nan_to_num(-9))


def test_a_column_that_new_rows_lack_is_named(tmp_path):
    schema = Schema("table", "regression", (2,), columns=(Column("age", "numeric"), Column("plan", "numeric")))
    with pytest.raises(
        InputError, match=r"the table has no column 'age' \(did you mean 'agee'\?\): the model needs age, plan"
    ):
        encode_rows(schema, pl.DataFrame({"agee": [1], "plan": [2]}))


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("x,y\n", {}, r"t\.csv has no rows: expected a line of column names, then a line per sample"),
        ("x,churned\n1,2\n", {"target": "chruned"}, r"'chruned' \(did you mean 'churned'\?\): expected one of churned"),
        ("x,y\n1,\n2,NA\n", {}, r"target column 'y' of .*t\.csv is empty: name another column with target="),
        ("x,y\n1,a\n2,a\n", {}, r"target column 'y' of .*t\.csv has one class only \('a'\)"),
        ("y\n1\n2\n", {}, r"t\.csv has no column to learn from beside 'y': add one"),
        ("x,y\n3,1\n3,2\n3,1\n", {}, r"no column to learn from beside 'y': left out column 'x': it never varies"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_learnt_from_is_explained_in_one_line(tmp_path, content, options, message):
    path = tmp_path / "t.csv"
    path.write_text(content)
    with pytest.raises(InputError, match=message) as caught:
        load_table(path, DataOptions(**options), 0)
    assert "\n" not in str(caught.value)
