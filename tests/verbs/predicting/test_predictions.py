"""Tests of burnish.verbs.predicting.predictions."""

import csv
import os

import pytest

from burnish.common.errors import InputError
from burnish.verbs.predicting.predictions import Predictions, check_target


def some(count=3, **more):
    rows = [{"file": f"{n}.png", "prediction": "cat", "confidence": 0.5, "probability_cat": 0.5} for n in range(count)]
    return Predictions(rows, ("cat",) * count, **more)


def test_what_is_written_reads_back(tmp_path):
    path = some().to_csv(tmp_path / "p.csv")
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == ["0.png", "1.png", "2.png"]
    assert rows[0]["probability_cat"] == "0.5"


def test_commas_quotes_and_lines_in_names_survive(tmp_path):
    odd = 'a "b", c\nd.png'
    path = Predictions([{"file": odd, "prediction": "x"}]).to_csv(tmp_path / "p.csv")
    with open(path, newline="") as file:
        assert next(iter(csv.DictReader(file)))["file"] == odd


def test_a_file_name_that_is_no_text_is_written_as_its_bytes_and_printed_spelt_out(tmp_path):
    found = Predictions([{"file": os.fsdecode(b"\xff.png"), "prediction": "x"}])
    assert b"\xff.png,x" in found.to_csv(tmp_path / "p.csv").read_bytes()
    assert r"\udcff.png" in found.text()


def test_only_the_first_rows_are_printed_and_no_class_columns():
    lines = some(1234).text().splitlines()
    assert lines[0].split() == ["file", "prediction", "confidence"]
    assert len(lines) == 2 + 20 + 1
    assert lines[-1] == "... and 1,214 more; --to FILE.csv writes all"


def test_the_summary_counts_classes_and_what_was_left_out():
    found = Predictions(some().rows, ("cat", "dog", "cat"), skipped=("a.png", "b.png", "c.png", "d.png"))
    assert found.summary(" written") == (
        "3 predictions written: cat (2), dog (1)\nleft out 4 unreadable files: a.png, b.png, c.png and 1 more"
    )


def test_texts_are_printed_whole():
    found = Predictions([{"prompt": "a", "text": "bc"}, {"prompt": "x", "text": "y\nz"}], ("bc", "y\nz"))
    assert found.text() == "abc\n\nxy\nz"
    assert found.summary() == "2 texts"


def test_a_file_is_not_overwritten_unasked(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("mine")
    with pytest.raises(InputError, match=r"p\.csv exists: choose another name, or replace it with --overwrite"):
        some().to_csv(path)
    assert path.read_text() == "mine"
    some().to_csv(path, overwrite=True)
    assert path.read_text().startswith("file,prediction")
    assert [entry.name for entry in tmp_path.iterdir()] == ["p.csv"]


def test_a_target_that_cannot_be_is_named(tmp_path):
    with pytest.raises(InputError, match=r"it is a folder; name a file in it, such as .*predictions.csv"):
        check_target(tmp_path, False)
    with pytest.raises(InputError, match=r"predictions are written as CSV, got 'p\.xlsx': name it p\.csv"):
        check_target(tmp_path / "p.xlsx", False)
    with pytest.raises(InputError, match=r"there is no folder '.*no' to write p.csv in: make it first"):
        check_target(tmp_path / "no" / "p.csv", False)
    (tmp_path / "in.csv").write_text("")
    with pytest.raises(InputError, match=r"in\.csv is an input: write the predictions to another file"):
        check_target(tmp_path / "in.csv", True, [str(tmp_path / "." / "in.csv")])
