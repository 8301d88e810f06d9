"""Tests of burnish.verbs.previewing.grid."""

import numpy as np
import pytest
from PIL import Image

from burnish.verbs.previewing.grid import draw_grid, scale_for


@pytest.mark.parametrize("side", [8, 28, 32, 64, 96, 224, 300, 1024])
def test_pictures_are_large_enough_to_see_and_none_is_huge(side):
    shown = side * scale_for(side)
    assert 96 <= shown <= 224
    assert side > 224 or float(scale_for(side)).is_integer()


def grid(columns=3, rows=2, name="cat", title="title"):
    pictures = [[Image.new("RGB", (100, 60), (200, 10 * r, 10 * c)) for c in range(columns)] for r in range(rows)]
    return np.asarray(draw_grid(title, [f"epoch {c}" for c in range(columns)], [name] * rows, pictures))


def test_every_picture_is_whole_and_in_its_place():
    found = grid()
    for row in range(2):
        for column in range(3):
            places = np.argwhere((found == (200, 10 * row, 10 * column)).all(axis=2))
            assert len(places) == 100 * 60
            assert np.ptp(places, axis=0).tolist() == [59, 99]


def test_long_names_and_titles_are_cut_instead_of_widening_the_picture():
    assert grid(name="a" * 200, title="t" * 400).shape[1] <= grid().shape[1] + 200


def test_without_names_no_room_is_left_for_them():
    assert grid(name="").shape[1] < grid(name="cat").shape[1]
