"""Tests of burnish.verbs.playing.comparison."""

import json

import pytest

from burnish.common.errors import InputError
from burnish.verbs.playing.comparison import as_table, row_of


def write(folder, **result):
    folder.mkdir()
    (folder / "result.json").write_text(json.dumps(result))
    return folder


def test_a_run_that_lacks_numbers_leaves_its_cells_empty(tmp_path):
    row = row_of(write(tmp_path / "0001-fit", model="gan"), "gan")
    assert row["value"] is None
    assert as_table([row]).splitlines()[2].split() == ["gan", "gan"]


def test_runs_judged_by_different_metrics_say_which(tmp_path):
    estimate = {"value": 0.5, "low": 0.4, "high": 0.6, "count": 9, "confidence": 0.95}
    first = row_of(write(tmp_path / "a", model="mlp", watched="accuracy", metrics={"test": {"accuracy": estimate}}))
    second = row_of(write(tmp_path / "b", model="mlp", watched="loss", metrics={"test": {"loss": estimate}}))
    text = as_table([first, second])
    assert "test accuracy 0.500 [0.400, 0.600]" in text
    assert "test loss 0.500 [0.400, 0.600]" in text


def test_what_is_no_run_is_named(tmp_path):
    with pytest.raises(InputError, match="no run at"):
        row_of(tmp_path / "missing")
