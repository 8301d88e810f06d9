"""Tests of burnish.data.images.common_shape."""

import pytest

from burnish.data.images.common_shape import common_shape


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([(30, 30, 1)] * 3, (1, 30, 30)),
        ([(48, 64, 3)], (3, 48, 48)),
        ([(30, 30, 1), (30, 31, 1)], (1, 32, 32)),
        ([(3, 5, 3), (4, 4, 3)], (3, 8, 8)),
        ([(1000, 900, 3), (800, 2000, 3)], (3, 224, 224)),
        ([(40, 40, 1), (40, 40, 3)], (3, 40, 40)),
    ],
)
def test_it_is_the_usual_shorter_side(headers, expected):
    assert common_shape(headers) == expected
