"""Tests of burnish.models.input_size."""

import pytest

from burnish.common.errors import InputError
from burnish.models.input_size import check_smallest, is_small


@pytest.mark.parametrize(("size", "expected"), [((28, 28), True), ((64, 64), True), ((32, 65), False)])
def test_images_are_small_up_to_64_pixels(size, expected):
    assert is_small(size) is expected


def test_an_image_of_the_smallest_size_passes():
    check_smallest("vgg11", (32, 32), 32)


def test_a_smaller_one_is_refused_with_the_size_that_works():
    with pytest.raises(InputError, match=r"vgg11 needs images of at least 32x32, got 40x31: resize them \(--input-s"):
        check_smallest("vgg11", (40, 31), 32)
