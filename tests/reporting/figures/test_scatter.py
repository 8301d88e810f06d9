"""Tests of burnish.reporting.figures.scatter."""

import math

import pytest

from burnish.reporting.figures.scatter import points, residuals


def test_every_pair_becomes_a_dot():
    assert residuals([1.0, 2.0, 3.0], [1.0, 2.0, 2.5], "a").svg.count("<use") == 3


def test_the_description_tells_the_mean_error():
    assert "mean absolute error 0.5" in residuals([1.0, 2.0], [1.5, 1.5], "a").description


def test_numbers_that_are_not_finite_are_left_out():
    assert residuals([1.0, math.nan, None], [1.0, 2.0, 3.0], "a").svg.count("<use") == 1


@pytest.mark.parametrize(("target", "prediction"), [([], []), ([math.nan], [1.0]), (["a"], ["b"])])
def test_nothing_to_draw_is_no_drawing(target, prediction):
    assert residuals(target, prediction, "a") is None


def test_many_samples_stay_a_small_figure():
    drawing = residuals(list(map(float, range(5000))), [0.0] * 5000, "a")
    assert 1000 < drawing.svg.count("<use") <= 1500
    assert "5000 samples" in drawing.description


def test_real_and_generated_points_have_their_colours():
    drawing = points([[0.0, 1.0]], [[1.0, 0.0], [0.5, 0.5]], "a")
    assert drawing.legend == [(1, "real"), (2, "generated")]
    assert drawing.svg.count("<use") == 3


def test_points_in_more_than_two_dimensions_show_their_first_two():
    assert points([[0.0, 1.0, 2.0]], [], "a").svg.count("<use") == 1


def test_points_without_coordinates_are_no_drawing():
    assert points([[1.0], "x"], [], "a") is None
