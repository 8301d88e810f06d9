"""Tests of burnish.reporting.figures.curves."""

from burnish.reporting.figures.curves import curves, thinned
from burnish.reporting.series import Chart, Line


def chart(*lines, title="loss"):
    return Chart(title, "step", list(lines))


def test_each_curve_has_its_colour_in_the_figure_and_the_legend():
    drawing = curves(chart(Line("train", "loss", [1, 2], [2, 1]), Line("validation", "loss", [1, 2], [3, 2])), "a")
    assert drawing.legend == [(1, "train"), (2, "validation")]
    assert "var(--series-1)" in drawing.svg
    assert "var(--series-2)" in drawing.svg


def test_validation_keeps_its_colour_where_it_stands_alone():
    assert curves(chart(Line("validation", "accuracy", [1], [0.5]), title="accuracy"), "a").legend == [
        (2, "validation")
    ]


def test_curves_of_several_names_have_colours_of_their_own():
    lines = [Line("train", name, [1, 2], [1, 2]) for name in ("generator_loss", "discriminator_loss")]
    assert curves(chart(*lines), "a").legend == [(1, "generator loss"), (2, "discriminator loss")]


def test_the_description_tells_where_a_curve_begins_and_ends():
    drawing = curves(chart(Line("train", "loss", [1, 500], [2.5, 1.25])), "a")
    assert drawing.description == "train: from 2.5 at step 1 to 1.25 at step 500"


def test_a_loss_over_decades_gets_a_log_axis_and_says_so():
    assert curves(chart(Line("train", "loss", [1, 2], [1000, 1])), "a").title == "Loss (log scale)"
    assert curves(chart(Line("train", "loss", [1, 2], [1000, -1])), "a").title == "Loss"


def test_a_learning_rate_is_never_logarithmic():
    assert (
        curves(chart(Line("train", "learning_rate", [1, 2], [1, 1e-6]), title="learning rate"), "a").title
        == "Learning rate"
    )


def test_shares_are_drawn_in_percent():
    assert "%</text>" in curves(chart(Line("validation", "accuracy", [1, 2], [0.5, 0.9]), title="accuracy"), "a").svg


def test_an_interval_is_a_band():
    bare = Line("validation", "accuracy", [1, 2], [0.5, 0.9])
    banded = Line("validation", "accuracy", [1, 2], [0.5, 0.9], [0.4, 0.8], [0.6, 0.95])
    assert "FillBetweenPolyCollection" in curves(chart(banded), "a").svg
    assert "FillBetweenPolyCollection" not in curves(chart(bare), "a").svg


def test_a_single_point_a_constant_and_a_dollar_are_drawn():
    curves(chart(Line("train", "$x^", [1], [0.0]), title="$x^"), "a")
    curves(chart(Line("train", "loss", [1, 2], [1.0, 1.0])), "a")


def test_long_curves_are_thinned_by_means():
    count = 10_000
    line = thinned(Line("train", "loss", list(map(float, range(count))), [1.0] * count), most=100)
    assert (len(line.x), set(line.y)) == (100, {1.0})
    assert line.x == sorted(line.x)
