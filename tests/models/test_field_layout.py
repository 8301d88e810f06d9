"""Tests of burnish.models.field_layout."""

import pytest

from burnish.models.field_layout import Axis, image_layout, is_plain, joined, plain, reshaped, tidy
from burnish.models.reach import Reach

IMAGE = image_layout((2, 6, 4, 5))


def test_an_image_has_positions_along_its_last_dimensions():
    assert [is_plain(axes) for axes in IMAGE] == [True, True, False, False]
    assert [axes[0].reach.axis for axes in IMAGE[2:]] == [0, 1]


@pytest.mark.parametrize(
    "shape", [(2, 6, 20), (12, 4, 5), (2, 2, 3, 4, 5), (2, 1, 6, 1, 4, 5), (240,), (2, 24, 5), (4, 3, 20)]
)
def test_a_reshape_that_keeps_rows_whole_can_be_undone(shape):
    between = reshaped(IMAGE, shape)
    assert between is not None
    assert reshaped(between, (2, 6, 4, 5)) == IMAGE


@pytest.mark.parametrize("shape", [(2, 6, 2, 2, 5), (2, 8, 3, 5), (2, 6, 5, 4), (2, 6, 4), (2, 6, 4, 5, 2)])
def test_a_reshape_that_tears_rows_apart_has_no_layout(shape):
    assert reshaped(IMAGE, shape) is None


def test_maps_of_one_position_survive_being_flattened():
    pixel = image_layout((2, 6, 1, 1))
    flat = reshaped(pixel, (2, 6))
    assert [axis.size for axis in flat[1]] == [6, 1, 1]
    assert reshaped(flat, (2, 6, 1, 1)) == pixel


def test_neighbours_without_positions_have_one_spelling():
    row = Axis(4, Reach(0))
    assert tidy([Axis(2), Axis(1), Axis(3), row, Axis(1)]) == (Axis(6), row)
    assert plain(1) == ()


def test_layouts_meet_only_where_positions_lie_alike():
    wide = (*IMAGE[:2], (Axis(4, Reach(0).window(3, padding=1)),), IMAGE[3])
    assert joined([IMAGE, wide])[2][0].reach.size == 3
    assert joined([IMAGE, (*IMAGE[:2], IMAGE[3], IMAGE[2])]) is None
    assert joined([IMAGE, (*IMAGE[:2], plain(4), IMAGE[3])]) is None
    assert joined([IMAGE, IMAGE[1:]]) is None
