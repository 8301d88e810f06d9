"""Tests of burnish.data.augment.opencv."""

import numpy as np
import pytest
import torch

from burnish.data.augment import affine
from burnish.data.augment.opencv import Warper
from burnish.data.augment.resample import resample


def one(*values):
    return [torch.tensor([float(value)], dtype=torch.float64) for value in values]


def smooth(height, width, channels, seed=0):
    """Bytes without sharp edges, where interpolation has little to get wrong."""
    coarse = torch.rand(1, channels, 5, 6, generator=torch.Generator().manual_seed(seed))
    fine = torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic").clamp(0, 1)
    return (fine[0].permute(1, 2, 0) * 255).round().byte().numpy()


def warped(image, maps, canvas, fill="zero"):
    return Warper(canvas, image.shape[2], fill).warp(image, maps[0].numpy())


@pytest.mark.parametrize("channels", [1, 3])
def test_mirrors_and_right_angles_copy_every_byte(channels):
    image = np.random.default_rng(0).integers(0, 256, (15, 15, channels), dtype=np.uint8)
    planes = image.transpose(2, 0, 1)
    mirror = affine.about(affine.scaling(*one(-1, 1)), 7.5, 7.5)
    assert np.array_equal(warped(image, mirror, (15, 15)), planes[:, :, ::-1])
    for turns in (1, 2, 3):
        turned = affine.about(affine.rotation(*one(90 * turns)), 7.5, 7.5)
        assert np.array_equal(warped(image, turned, (15, 15)), np.rot90(planes, turns, (1, 2)))


@pytest.mark.parametrize("channels", [1, 3])
def test_nothing_that_moves_keeps_every_byte(channels):
    image = np.random.default_rng(0).integers(0, 256, (9, 14, channels), dtype=np.uint8)
    assert np.array_equal(warped(image, affine.identity(1), (9, 14)), image.transpose(2, 0, 1))


@pytest.mark.parametrize("fill", ["zero", "edge", "reflect"])
@pytest.mark.parametrize("channels", [1, 3])
def test_it_agrees_with_the_resampling_of_batches(fill, channels):
    image = smooth(40, 50, channels)
    maps = affine.about(affine.rotation(*one(25)) @ affine.scaling(*one(1.3, 0.8)), 22, 17)
    found = warped(image, maps, (36, 44), fill).astype(np.float32) / 255
    expected = resample(torch.from_numpy(image).permute(2, 0, 1)[None], maps, (36, 44), fill)[0].numpy()
    assert np.abs(found - expected).max() < 4 / 255  # rounding to bytes, and coordinates of 1/32 pixel
    assert np.abs(found - expected).mean() < 1 / 255


def test_a_large_image_is_averaged_on_its_way_to_a_small_one():
    stripes = np.zeros((64, 64, 1), np.uint8)
    stripes[:, ::4] = 200
    found = warped(stripes, affine.scaling(*one(1 / 8, 1 / 8)), (8, 8))
    assert found.min() >= 45
    assert found.max() <= 55


def test_the_next_image_goes_into_the_same_memory():
    warper = Warper((4, 4), 1)
    first = warper.warp(np.full((4, 4, 1), 7, np.uint8), np.eye(3))
    second = warper.warp(np.full((4, 4, 1), 9, np.uint8), np.eye(3))
    assert np.shares_memory(first, second)
    assert (second == 9).all()
