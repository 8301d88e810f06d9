"""Tests of burnish.reporting.figures.intervals."""

import math

from burnish.common.intervals import Estimate, proportion
from burnish.reporting.figures.intervals import Entry, intervals


def entry(run, metric="accuracy", split="test", estimate=None):
    return Entry(run, metric, split, estimate or proportion(90, 100))


def test_runs_that_share_a_metric_share_a_figure():
    found = intervals([entry("a"), entry("b"), entry("c", metric="loss"), entry("d", split="validation")], "x")
    assert [drawing.title for drawing in found] == ["Test accuracy"]
    assert found[0].description == "a: 90.0 % [82.6, 94.5]; b: 90.0 % [82.6, 94.5]"


def test_every_run_has_its_dot_and_its_name():
    svg = intervals([entry("0001-fit"), entry("0002-fit"), entry("0003-fit")], "x")[0].svg
    assert svg.count("<use") == 3
    assert svg.count("-fit</text>") == 3


def test_a_result_without_interval_is_a_dot_alone():
    bare = Estimate(0.9, math.nan, math.nan, 0)
    assert "nan" not in intervals([entry("a", estimate=bare), entry("b")], "x")[0].svg.lower()


def test_names_are_text_and_not_mathematics():
    svg = intervals([entry("$a^2$"), entry("<b>")], "x")[0].svg
    assert "$a^2$</text>" in svg
    assert "&lt;b&gt;</text>" in svg
