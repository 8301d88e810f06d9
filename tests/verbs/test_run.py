"""Tests of burnish.verbs.run."""

from pathlib import Path

import pytest

import burnish
from burnish.common.errors import InputError
from burnish.verbs.interface.options import build
from burnish.verbs.run import Run, command, run

RECIPE = """
title = "Two runs"
[[steps]]
verb = "fit"
id = "base"
model = "logistic-regression"
[[steps]]
verb = "fit"
[[steps]]
verb = "evaluate"
run = "@base"
[[steps]]
verb = "report"
runs = ["@base"]
"""


@pytest.fixture
def recipe(tmp_path, played):
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE)
    return path


def test_steps_run_in_order_and_references_meet_their_runs(recipe, played, tmp_path):
    outcome = run(recipe, set=["base.epochs=2"], out=tmp_path / "runs")
    base, second = tmp_path / "runs/0001-fit", tmp_path / "runs/0002-fit"
    assert [type(options).__name__ for options in played] == ["Fit", "Fit", "Evaluate", "Report"]
    assert played[0].epochs == 2
    assert played[2].run == base
    assert played[3].runs == (base,)
    assert outcome.runs == (base, second)
    assert outcome.report == base / "report.html"


def test_the_table_has_a_row_a_run_and_the_report_below(recipe, tmp_path):
    text = command(build(Run, recipe=str(recipe), out=tmp_path / "runs")).text
    assert text.startswith("Two runs (0 s)\n\nrun ")
    rows = [line.split("  ") for line in text.splitlines()]
    shown = [[cell.strip() for cell in row if cell] for row in rows]
    numbers = ["1,234", "0.500 ms", "1.50 s"]
    assert ["base", "logistic-regression", "digits", "test accuracy", "80.0 % [70.0, 90.0]", *numbers] in shown
    assert ["0002-fit", "mlp", "digits", "validation accuracy", "90.0 % [80.0, 95.0]", *numbers] in shown
    assert text.endswith(f"report: {tmp_path}/runs/0001-fit/report.html")


def test_the_json_object_holds_every_row(recipe, tmp_path):
    data = command(build(Run, recipe=str(recipe), out=tmp_path / "runs")).data
    assert data["report"] == tmp_path / "runs/0001-fit/report.html"
    assert [(row["name"], row["split"], row["value"]) for row in data["runs"]] == [
        ("base", "test", 0.8),
        ("0002-fit", "validation", 0.9),
    ]


def test_progress_goes_to_stderr(recipe, tmp_path, capsys):
    run(recipe, out=tmp_path / "runs")
    out, err = capsys.readouterr()
    assert out == ""
    assert "[1/4] fit model=logistic-regression\nfitted\n[2/4] fit\n" in err


def test_a_step_that_fails_is_named(recipe, tmp_path):
    with pytest.raises(InputError, match=r"^step 2 \(fit\): no data 'missing'$"):
        run(recipe, set=["2.data=missing"], out=tmp_path / "runs")


def test_nothing_runs_when_a_later_step_is_wrong(recipe, played, tmp_path):
    recipe.write_text(RECIPE + '[[steps]]\nverb = "evaluate"\n')
    with pytest.raises(InputError, match="step 5"):
        run(recipe, out=tmp_path / "runs")
    assert played == []
    assert not Path(tmp_path / "runs").exists()


def test_the_verb_has_its_name_at_the_root():
    assert burnish.run is run
