"""Tests of burnish.reporting.pictures."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from burnish.common.errors import InputError
from burnish.reporting.pictures import data_uri


def opened(uri):
    assert uri.startswith("data:image/png;base64,")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1]))))


@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 1), (28, 20, 3), (32, 32, 4)])
def test_small_pictures_grow_to_64_pixels_with_their_pixels_intact(shape):
    array = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    shown = opened(data_uri(array))
    factor = shown.shape[0] // shape[0]
    assert min(shown.shape[:2]) >= 64
    assert np.array_equal(shown[::factor, ::factor], array.squeeze(2) if shape[-1] == 1 else array)


def test_photographs_shrink_and_keep_their_proportions():
    assert opened(data_uri(np.zeros((1000, 500, 3), np.uint8))).shape == (256, 128, 3)


def test_a_strip_does_not_explode():
    assert max(opened(data_uri(np.zeros((1, 784), np.uint8))).shape) <= 256


@pytest.mark.parametrize("array", [np.zeros((8, 8)), np.zeros((8, 8, 2), np.uint8), np.zeros((0, 8), np.uint8)])
def test_another_shape_or_type_is_named(array):
    with pytest.raises(
        InputError, match=rf"a picture must be a uint8 array .* got {array.dtype} \({array.shape[0]}, 8"
    ):
        data_uri(array)
