"""Tests of burnish.reporting.figures.kept."""

import re

from burnish.reporting.figures.kept import Kept, kept


def layers(count):
    return [Kept(f"model.block{number}.conv.weight", 64, 48) for number in range(count)]


def widths(svg):
    """Widths of the bars in the drawing, those of before first."""
    paths = re.findall(r'd="M ([\d.]+) [\d.]+ \nL ([\d.]+) [^"]*z\n" clip-path="[^"]*" style="fill: var', svg)
    return [float(right) - float(left) for left, right in paths]


def test_the_bar_of_what_stays_is_that_share_of_the_one_behind_it():
    drawing = kept([Kept("a", 64, 16), Kept("b", 32, 32), Kept("c", 8, 0)], "x", "channels")
    bars = widths(drawing.svg)
    assert [round(now / was, 3) for was, now in zip(bars[:3], bars[3:], strict=True)] == [0.25, 1.0, 0.0]
    assert drawing.title == "Channels of each layer"
    assert drawing.legend == [(6, "before"), (1, "after")]
    assert drawing.description == "a: 64 to 16; b: 32 to 32; c: 8 to 0"


def test_names_leave_out_what_all_of_them_share():
    svg = kept(layers(3), "x", "weights").svg
    assert [f">block{number}</text>" in svg for number in range(3)] == [True] * 3
    svg = kept([Kept("model.conv", 4, 2), Kept("model.conv.deep", 4, 2)], "x", "channels").svg
    assert ">conv</text>" in svg
    assert ">conv.deep</text>" in svg
    assert ">model.fc</text>" in kept([Kept("model.fc", 4, 2)], "x", "channels").svg


def test_names_are_text_and_long_ones_keep_their_end():
    svg = kept([Kept("$a^2$", 4, 2), Kept("<b>" + "long." * 12 + "end", 4, 2)], "x", "channels").svg
    assert "$a^2$</text>" in svg
    assert "<b>" not in svg
    assert re.search(r">…[^<]*\.end</text>", svg)


def test_many_layers_are_a_course_without_names():
    drawing = kept(layers(80), "x", "channels", "block")
    assert "block7</text>" not in drawing.svg
    assert "block, in order</text>" in drawing.svg
    assert "model.block0.conv.weight: 64 to 48" in drawing.description
    assert drawing.description.endswith("; and 20 more")


def test_no_layers_are_no_drawing():
    assert kept([], "x", "channels") is None
