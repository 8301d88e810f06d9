"""Tests of burnish.defences.preprocessing.median."""

import pytest
import torch

from burnish.common.errors import InputError
from burnish.defences.preprocessing import median
from burnish.defences.preprocessing.median import MedianSmoothing

IMAGES = torch.rand(3, 2, 9, 12, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("window", [3, 5, 9])
def test_it_equals_the_median_filter_of_scipy(window):
    ndimage = pytest.importorskip("scipy.ndimage")
    expected = ndimage.median_filter(IMAGES.numpy(), size=(1, 1, window, window), mode="reflect")
    assert torch.equal(MedianSmoothing(window)(IMAGES), torch.from_numpy(expected))


def test_exchanges_find_the_median_of_every_pattern_of_zeros_and_ones():
    """A network of exchanges that is right for these is right for all numbers (Knuth, volume 3, theorem Z)."""
    patterns = (torch.arange(512)[:, None] >> torch.arange(9)) & 1
    found = median._median_of_nine(list(patterns.float().unbind(dim=1)))
    assert torch.equal(found, (patterns.sum(dim=1) >= 5).float())


@pytest.mark.parametrize("window", [3, 5])
def test_with_and_without_gradients_the_values_are_the_same(window):
    assert torch.equal(MedianSmoothing(window)(IMAGES.clone().requires_grad_()), MedianSmoothing(window)(IMAGES))


def test_single_pixels_that_stand_out_vanish():
    noisy = torch.full((1, 1, 12, 12), 0.5)
    noisy[:, :, 1::4, 1::4] = 1.0
    noisy[:, :, 3::4, 3::4] = 0.0
    assert torch.equal(MedianSmoothing(3)(noisy), torch.full_like(noisy, 0.5))


def test_a_straight_edge_stays_where_it_is():
    edge = torch.zeros(1, 1, 8, 8)
    edge[..., 3:] = 1
    assert torch.equal(MedianSmoothing(5)(edge), edge)


def test_few_images_at_a_time_give_what_all_give_at_once(monkeypatch):
    whole = MedianSmoothing(3)(IMAGES)
    monkeypatch.setattr(median, "_NUMBERS_AT_ONCE", 1)
    assert torch.equal(MedianSmoothing(3)(IMAGES), whole)


def test_the_gradient_goes_to_the_pixels_that_are_medians():
    images = IMAGES.double().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: MedianSmoothing(3).process(x), images, eps=1e-7)
    (gradient,) = torch.autograd.grad(MedianSmoothing(3)(images).sum(), images)
    assert gradient.sum().item() == images.numel()


@pytest.mark.parametrize("window", [0, 1, 2, 4, -3, 3.0, True])
def test_a_window_without_a_centre_or_of_one_pixel_is_named(window):
    with pytest.raises(InputError, match=f"window must be an odd number of pixels from 3 on, got {window}"):
        MedianSmoothing(window)


def test_a_window_larger_than_the_image_is_named():
    with pytest.raises(InputError, match=r"a window of 5 is larger than the images \(4 x 9 pixels\)"):
        MedianSmoothing(5)(torch.rand(1, 1, 4, 9))


@pytest.mark.peer
@pytest.mark.parametrize("window", [3, 5])
def test_it_equals_the_spatial_smoothing_of_art(window):
    smoothing = pytest.importorskip("art.defences.preprocessor").SpatialSmoothing(
        window_size=window, channels_first=True, clip_values=(0, 1)
    )
    theirs = torch.from_numpy(smoothing(IMAGES.numpy())[0])
    assert torch.equal(MedianSmoothing(window)(IMAGES), theirs)
