"""Tests of burnish.defences.preprocessing.bit_depth."""

import pytest
import torch

from burnish.common.errors import InputError
from burnish.defences.preprocessing.bit_depth import BitDepth

IMAGES = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("bits", range(1, 9))
def test_every_pixel_becomes_the_nearest_of_the_values_that_are_left(bits):
    values = torch.linspace(0, 1, 2**bits)
    out = BitDepth(bits)(IMAGES)
    nearest = (IMAGES[..., None] - values).abs().amin(dim=-1)
    torch.testing.assert_close((out[..., None] - values).abs().amin(dim=-1), torch.zeros_like(out), rtol=0, atol=1e-6)
    torch.testing.assert_close((out - IMAGES).abs(), nearest, rtol=0, atol=1e-6)
    assert len(out.unique()) == 2**bits


@pytest.mark.parametrize("bits", range(1, 9))
def test_twice_is_once(bits):
    once = BitDepth(bits)(IMAGES)
    assert torch.equal(BitDepth(bits)(once), once)


def test_bytes_lose_nothing_with_eight_bits():
    images = torch.arange(256).view(1, 1, 16, 16) / 255
    torch.testing.assert_close(BitDepth(8)(images), images, rtol=0, atol=1e-7)


def test_its_own_gradient_is_zero_and_it_says_so():
    images = IMAGES.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(BitDepth(3)(images).sum(), images)
    assert not gradient.any()
    assert BitDepth.gradient_vanishes


@pytest.mark.parametrize("bits", [0, 9, -1, 2.5, True])
def test_bits_outside_their_range_are_named(bits):
    with pytest.raises(InputError, match=rf"bits must be a whole number from 1 to 8, got {bits}"):
        BitDepth(bits)


@pytest.mark.peer
@pytest.mark.parametrize("bits", range(1, 9))
def test_it_equals_the_feature_squeezing_of_art(bits):
    squeezing = pytest.importorskip("art.defences.preprocessor").FeatureSqueezing(clip_values=(0, 1), bit_depth=bits)
    theirs = torch.from_numpy(squeezing(IMAGES.numpy())[0]).float()
    torch.testing.assert_close(BitDepth(bits)(IMAGES), theirs, rtol=0, atol=1e-6)
