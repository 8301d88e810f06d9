"""Tests of burnish.data.tables.file."""

import polars as pl
import pytest

from burnish.common.errors import InputError
from burnish.data.tables.file import read_table


def written(tmp_path, content, name="t.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ("a,b\n1,x\n2,y\n", "t.csv"),
        ("a\tb\n1\tx\n2\ty\n", "t.tsv"),
        ("a;b\n1;x\n2;y\n", "t.csv"),
        ("\ufeffa,b\r\n1,x\r\n2,y", "t.CSV"),
        ('"a", b\n"1",x\n\n2,y\n\n', "t.csv"),
    ],
)
def test_the_usual_ways_to_write_a_table_read_the_same(tmp_path, content, name):
    assert read_table(written(tmp_path, content, name)).to_dict(as_series=False) == {"a": ["1", "2"], "b": ["x", "y"]}


def test_blank_lines_are_left_out_and_rows_of_gaps_are_kept(tmp_path):
    frame = read_table(written(tmp_path, "a,b\n1,\n\n,\n2,x\n"))
    assert frame["a"].to_list() == ["1", None, "2"]


def test_quoted_text_may_hold_separators_and_line_ends(tmp_path):
    frame = read_table(written(tmp_path, 'a,b\n1,"x,\ny"\n2,\n'))
    assert frame["b"].to_list() == ["x,\ny", None]


def test_parquet_keeps_its_types(tmp_path):
    frame = pl.DataFrame({"a": [1, 2], "b": [True, None]})
    frame.write_parquet(tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet").equals(frame)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"t\.csv is empty: expected a line of column names, then a line per sample"),
        ("\n\n", r"t\.csv is empty"),
        ("a,b,a\n1,2,3\n", r"t\.csv has several columns named 'a': give every column a name of its own"),
        ("a,b\n1,2\n1,2,3\n", r"line 3 of .*t\.csv has 3 fields where the header has 2: every row needs 2"),
        ("a,b\n1,2\n1\n", r"line 3 of .*t\.csv has 1 fields where the header has 2"),
        ('a,b\n1,2\n"x,3\n', r"line 3 of .*t\.csv has 1 fields where the header has 2"),
        ("a,b\n\xe9,2\n".encode("latin-1"), r"t\.csv is not UTF-8 text"),
        ("é,b\n1,2\n".encode("latin-1"), r"t\.csv is not UTF-8 text"),
        ("a,b\n1,2\n".encode("utf-16"), r"t\.csv is not UTF-8 text"),
        ("5.1,3.5,0\n4.9,3.0,0\n", r"first line of .*t\.csv holds numbers, not column names"),
    ],
)
def test_a_file_that_cannot_be_used_is_explained_in_one_line(tmp_path, content, message):
    with pytest.raises(InputError, match=message) as caught:
        read_table(written(tmp_path, content))
    assert "\n" not in str(caught.value)


def test_what_is_no_table_is_said(tmp_path):
    with pytest.raises(InputError, match=r"no table at .*nowhere\.csv: no such file"):
        read_table(tmp_path / "nowhere.csv")
    with pytest.raises(InputError, match=r"no table at .*: it is a folder"):
        read_table(tmp_path)
    with pytest.raises(InputError, match=r"expected \.csv, \.tsv, \.parquet, got '\.xlsx'"):
        read_table(written(tmp_path, "x", "t.xlsx"))
    with pytest.raises(InputError, match=r"cannot read .*t\.parquet as Parquet: ") as caught:
        read_table(written(tmp_path, "PAR1 but no more", "t.parquet"))
    assert "\n" not in str(caught.value)
