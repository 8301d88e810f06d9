"""Tests of burnish.reporting.figures.canvas."""

import matplotlib as mpl
import pytest

from burnish.reporting.figures.canvas import INK, SERIES, draw, tick


def figure(name="a", colour=SERIES[0]):
    return draw(lambda axes: axes.plot([0, 1], [0, 1], color=colour), name=name, title="A & B", description="rising")


def test_colours_are_the_pages_own():
    svg = figure()
    assert "var(--series-1)" in svg
    assert "var(--soft)" in svg
    assert "#0" not in svg


def test_text_is_text_in_the_font_of_the_page():
    svg = figure()
    assert "<text" in svg
    assert "DejaVu" not in svg


def test_two_figures_on_a_page_share_no_id():
    ids = [{part.split('"')[0] for part in figure(name).split(' id="')[1:]} for name in ("a", "b")]
    assert all(ids)
    assert ids[0].isdisjoint(ids[1])


def test_a_figure_has_an_escaped_name_and_a_description():
    svg = figure()
    assert '<title id="a-title">A &amp; B</title><desc id="a-desc">rising</desc>' in svg
    assert 'role="img" aria-labelledby="a-title a-desc"' in svg


def test_the_users_matplotlib_settings_neither_matter_nor_change():
    expected = figure()
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red", "svg.fonttype": "path"}):
        assert figure() == expected
        assert mpl.rcParams["font.size"] == 30


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (1500, "1500"), (45000, "45k"), (1e10, "1e10"), (0.002, "0.002")]
)
def test_ticks_are_short_and_exact(value, text):
    assert tick(value) == text


def test_stand_ins_are_told_apart():
    assert len({INK, *SERIES}) == 1 + len(SERIES)
