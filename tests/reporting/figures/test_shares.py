"""Tests of burnish.reporting.figures.shares."""

from burnish.common.intervals import proportion
from burnish.reporting.figures.shares import ShareLine, shares


def drawn(*lines, **options):
    return shares(lines, "a", title="Accuracy", x_name="size", **options)


def test_every_point_is_told_with_its_interval():
    drawing = drawn(ShareLine("pgd", [0, 0.5], [proportion(9, 10), proportion(1, 10)]))
    assert drawing.description == "pgd: 90.0 % [59.6, 98.2] at 0, 10.0 % [1.8, 40.4] at 0.5"
    assert drawing.legend == []
    assert drawing.svg.count("<use") == 3  # two dots and a band


def test_lines_have_their_colours_and_a_single_point_is_a_dot():
    drawing = drawn(
        ShareLine("pgd", [0, 1], [proportion(9, 10)] * 2),
        ShareLine("whole", [1], [proportion(5, 10)]),
    )
    assert drawing.legend == [(1, "pgd"), (2, "whole")]
    assert drawing.svg.count("<use") == 4  # three dots and a band
    assert "var(--series-2)" in drawing.svg


def test_places_are_written_in_words():
    drawing = drawn(ShareLine("pgd", [0, 1], [proportion(9, 10)] * 2), write=lambda x: f"<{x:g}/1>")
    assert "at &lt;1/1&gt;" in drawing.svg


def test_labels_that_would_touch_are_left_out():
    places = [0, 0.001, 0.002, 0.5, 1]
    drawing = drawn(ShareLine("pgd", places, [proportion(9, 10)] * 5))
    assert ">0.001<" not in drawing.svg
    assert ">0.5<" in drawing.svg
    assert ">1<" in drawing.svg


def test_no_points_are_no_drawing():
    assert drawn(ShareLine("pgd", [], [])) is None
    assert drawn() is None
