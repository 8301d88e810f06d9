"""Tests of burnish.reporting.series."""

import math

from burnish.reporting.series import charts


def by_title(rows):
    return {chart.title: chart for chart in charts(rows)}


def row(event="train", step=1, **numbers):
    return {"event": event, "step": step, **numbers}


def test_training_and_validation_loss_share_one_chart():
    chart = by_title([row(loss=1.0), row("validation", loss=2.0)])["loss"]
    assert [(line.event, line.y) for line in chart.lines] == [("train", [1.0]), ("validation", [2.0])]
    assert [chart.label(line) for line in chart.lines] == ["train", "validation"]


def test_every_number_of_a_gan_is_drawn():
    found = by_title([row(generator_loss=1.0, discriminator_loss=2.0, real_score=0.5, fake_score=0.4, distance=3.0)])
    assert {title: len(chart.lines) for title, chart in found.items()} == {"loss": 2, "score": 2, "distance": 1}
    assert [found["loss"].label(line) for line in found["loss"].lines] == ["generator loss", "discriminator loss"]


def test_bounds_become_a_band_and_not_curves():
    found = by_title([row("validation", accuracy=0.9, accuracy_low=0.8, accuracy_high=0.95)])
    assert list(found) == ["accuracy"]
    assert (found["accuracy"].lines[0].low, found["accuracy"].lines[0].high) == ([0.8], [0.95])


def test_a_name_that_only_ends_like_a_bound_is_a_curve():
    assert list(by_title([row(pass_low=1.0)])) == ["pass low"]


def test_epochs_are_the_axis_only_where_every_row_has_one():
    assert charts([row(epoch=0.5, loss=1.0)])[0].x_name == "epoch"
    assert charts([row(epoch=0.5, loss=1.0), row(loss=1.0)])[0].x_name == "step"


def test_loss_comes_first_and_the_learning_rate_late():
    titles = list(by_title([row(samples_per_second=1.0, learning_rate=0.1, top5=0.9, accuracy=0.5, loss=1.0)]))
    assert titles == ["loss", "accuracy", "top5", "learning rate", "samples per second"]


def test_what_is_not_a_finite_number_is_left_out():
    lines = by_title([row(loss=math.nan), row(step=2, loss=1.0, note="text", flag=True, nothing=None)])
    assert list(lines) == ["loss"]
    assert lines["loss"].lines[0].x == [2.0]


def test_no_rows_give_no_charts():
    assert charts([]) == []
