"""Tests of burnish.defences.preprocessing.jpeg."""

import io

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from burnish.common.errors import InputError
from burnish.defences.preprocessing.jpeg import JPEG


def photograph():
    """A corner of a photograph whose sides are no multiples of 16, ``(1, 3, 101, 123)`` in [0, 1]."""
    from sklearn.datasets import load_sample_image

    pixels = torch.from_numpy(load_sample_image("flower.jpg")[100:201, 200:323].copy())
    return pixels.permute(2, 0, 1)[None].float() / 255


def decoded(images, quality, subsampling):
    """What Pillow reads from the JPEG file that it wrote, as byte values."""
    pixels = (images[0] * 255).round().byte().permute(1, 2, 0).numpy()
    file = io.BytesIO()
    Image.fromarray(pixels.squeeze()).save(file, "JPEG", quality=quality, subsampling=subsampling)
    back = torch.from_numpy(np.array(Image.open(file))).float()
    return back.view(*pixels.shape).permute(2, 0, 1)[None]


@pytest.mark.parametrize("halve_chroma", [True, False])
@pytest.mark.parametrize("quality", [10, 30, 49, 50, 75, 95, 100])
def test_photographs_come_out_as_from_a_file(quality, halve_chroma):
    images = photograph()
    expected = decoded(images, quality, 2 if halve_chroma else 0)
    difference = (JPEG(quality, halve_chroma=halve_chroma)(images) * 255 - expected).abs()
    assert difference.mean() < 0.1  # levels of 255; rare ties of the quantisation fall the other way
    assert (difference > 1).float().mean() < 0.03
    assert (difference.mean() < 0.05 * (images * 255 - expected).abs().mean()) or quality > 90


@pytest.mark.parametrize("quality", [10, 75, 100])
def test_grey_comes_out_as_from_a_file(quality):
    images = (photograph().mean(dim=1, keepdim=True) * 255).round() / 255
    difference = (JPEG(quality)(images) * 255 - decoded(images, quality, 0)).abs()
    assert difference.mean() < 0.1
    assert (difference > 1).float().mean() < 0.01


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (8, 8), (16, 16), (17, 33)])
def test_every_size_keeps_its_shape_and_bounds(size):
    images = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(0))
    for halve_chroma in (True, False):
        out = JPEG(20, halve_chroma=halve_chroma)(images)
        assert out.shape == images.shape
        assert out.min() >= 0
        assert out.max() <= 1
        torch.testing.assert_close(out * 255, (out * 255).round(), rtol=0, atol=1e-4)


def test_images_of_a_batch_do_not_mix():
    images = torch.rand(3, 3, 20, 20, generator=torch.Generator().manual_seed(0))
    assert torch.equal(JPEG(50)(images)[1:2], JPEG(50)(images[1:2]))


def test_less_quality_loses_more():
    images = photograph()
    losses = [F.mse_loss(JPEG(quality)(images), images).item() for quality in (95, 75, 50, 25, 5)]
    assert losses == sorted(losses)
    assert losses[0] > 0


def test_fine_checks_vanish_at_low_quality():
    checks = 0.5 + 0.03 * (-1.0) ** (torch.arange(16)[:, None] + torch.arange(16))
    out = JPEG(50)(checks.expand(1, 3, 16, 16))
    assert out.unique().numel() == 1


def test_lower_precision_stays_and_weights_stay_free_of_tables():
    assert JPEG(50)(torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(0)).half()).dtype == torch.float16
    assert not JPEG(50).state_dict()


@pytest.mark.parametrize("quality", [0, 101, 75.0, True])
def test_quality_outside_its_range_is_named(quality):
    with pytest.raises(InputError, match=f"quality must be a whole number from 1 to 100, got {quality}"):
        JPEG(quality)


def test_other_channels_are_named():
    with pytest.raises(InputError, match=r"JPEG needs grey \(1 channel\) or colour \(3 channels\) images, got 2"):
        JPEG()(torch.zeros(1, 2, 8, 8))


@pytest.mark.peer
@pytest.mark.parametrize("quality", [30, 75])
def test_it_is_near_the_jpeg_compression_of_art(quality):
    art = pytest.importorskip("art.defences.preprocessor")
    compression = art.JpegCompression(clip_values=(0, 1), quality=quality, channels_first=True)
    images = photograph()
    theirs = torch.from_numpy(compression(images.numpy())[0]).float()
    difference = (JPEG(quality)(images) - theirs).abs() * 255
    assert difference.mean() < 0.1
