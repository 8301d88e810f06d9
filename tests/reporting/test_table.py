"""Tests of burnish.reporting.table."""

import json

import pytest

from burnish.common.errors import InputError
from burnish.reporting.table import COLUMNS, cells, laid_out, summary_rows, summary_table


def test_a_row_holds_plain_numbers(fake_run):
    row = summary_rows([fake_run("text")])[0]
    assert (row["metric"], row["split"], row["value"], row["low"], row["high"]) == ("loss", "test", 1.54, 1.53, 1.55)
    assert (row["parameters"], row["seconds"], row["latency_ms"]["threads"]) == (272474, 12.3, 1)
    assert json.loads(json.dumps(row)) == row


def test_there_is_a_cell_for_every_column(fake_run):
    assert len(cells(summary_rows([fake_run()])[0])) == len(COLUMNS)


def test_the_table_has_a_line_a_run_in_the_given_order(fake_run):
    runs = [fake_run("table", name="b"), fake_run("images", name="a")]
    lines = summary_table(summary_rows(runs)).splitlines()
    assert [line.split()[0] for line in lines[2:]] == ["b", "a"]
    assert "41.2 [36.0, 46.4]" in lines[2]
    assert "272,474" in lines[3]


def test_the_table_is_plain_text_and_never_cuts_a_number(fake_run):
    table = summary_table(summary_rows([fake_run(model="m" * 300)]))
    assert "result [interval]" in table
    assert "\x1b" not in table
    assert "m" * 300 in table
    assert "1.20 ms" in table


def test_the_table_folds_into_a_width(fake_run):
    assert max(map(len, summary_table(summary_rows([fake_run()]), width=60).splitlines())) <= 60


def test_markup_in_a_name_is_text(fake_run):
    assert "[bold]x[/]" in summary_table(summary_rows([fake_run(model="[bold]x[/]")]))


def test_an_unfinished_run_has_a_row_too(fake_run):
    run = fake_run()
    for name in ("result.json", "evaluation-test.json", "metrics.jsonl"):
        (run / name).unlink()
    row = summary_rows([run])[0]
    assert row["value"] is None
    assert cells(row)[4:] == ("no result yet", "—", "—", "—", "—")


def test_robust_accuracy_has_a_column_where_a_run_was_attacked(fake_run, robustness_of):
    runs = [fake_run(name="a"), fake_run(name="b")]
    assert "robust" not in summary_table(summary_rows(runs))
    (runs[1] / "robustness-quick-linf-8-255.json").write_text(json.dumps(robustness_of()))
    rows = summary_rows(runs)
    assert rows[0]["robust"] is None
    assert (rows[1]["robust"]["value"], rows[1]["robust"]["suite"]) == (0.18, "quick")
    assert json.loads(json.dumps(rows)) == rows
    columns, lines = laid_out(rows)
    assert columns[4:6] == ("result [interval]", "robust accuracy [interval]")
    assert [line[5] for line in lines] == ["—", "18.0 % [10.5, 25.5] quick linf 8/255"]
    assert "18.0 % [10.5, 25.5] quick linf 8/255" in summary_table(rows)


def test_a_path_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(InputError, match="no run at"):
        summary_rows([tmp_path / "none"])
