"""Tests of burnish.data.augment.pixels."""

import math

import pytest
import torch

from burnish.common.errors import InputError
from burnish.data.augment.draws import Draws
from burnish.data.augment.pixels import Blur, Cutout, GaussianNoise, SaltAndPepper


def changed(operation, images, chosen=None, start=0):
    draws = Draws(0, 0, torch.arange(start, start + len(images)))
    chosen = torch.ones(len(images), dtype=torch.bool) if chosen is None else chosen
    return operation.change(draws, "op", images.clone(), chosen)


def test_noise_has_the_deviation_that_it_says_and_mean_0():
    found = changed(GaussianNoise(std=(0.1, 0.1)), torch.zeros(40, 3, 32, 32)).double()
    count = found.numel()
    assert abs(found.mean().item()) < 4 * 0.1 / math.sqrt(count)  # 4 standard errors
    assert abs(found.std().item() - 0.1) < 4 * 0.1 / math.sqrt(2 * count)
    kurtosis = (found / 0.1).pow(4).mean().item()
    assert abs(kurtosis - 3) < 4 * math.sqrt(96 / count)  # a normal distribution has 3


def test_noise_is_independent_between_pixels_channels_and_samples():
    found = changed(GaussianNoise(std=(1, 1)), torch.zeros(64, 3, 16, 16)).double()
    flat = found.flatten(1)
    pairs = [(flat[:, :384], flat[:, 384:]), (flat[:, 1:], flat[:, :-1]), (flat[1:], flat[:-1])]
    for one, two in pairs:
        assert (one * two).mean().abs() < 4 / math.sqrt(one.numel())  # 4 standard errors


def test_the_deviation_of_noise_is_drawn_from_its_range():
    found = changed(GaussianNoise(std=(0.0, 0.1)), torch.zeros(2000, 1, 16, 16)).std(dim=(1, 2, 3))
    assert found.min() < 0.002
    assert 0.095 < found.max() < 0.125
    assert abs(found.mean().item() - 0.05) < 4 * 0.1 / math.sqrt(12 * 2000)  # 4 standard errors


def test_salt_and_pepper_hits_its_share_of_pixels_half_white_half_black():
    found = changed(SaltAndPepper(share=(0.2, 0.2)), torch.full((40, 3, 32, 32), 0.5))
    hit = found != 0.5
    assert torch.equal(hit[:, 0], hit[:, 1])  # whole pixels
    assert torch.equal(found[:, 0], found[:, 2])
    count = 40 * 32 * 32
    assert abs(hit[:, 0].double().mean().item() - 0.2) < 4 * math.sqrt(0.16 / count)  # 4 standard errors
    assert set(found.unique().tolist()) == {0.0, 0.5, 1.0}
    white = (found[:, 0] == 1).sum() / hit[:, 0].sum()
    assert abs(white.item() - 0.5) < 4 * 0.5 / math.sqrt(0.2 * count)


def test_all_pixels_can_be_hit():
    assert (changed(SaltAndPepper(share=(1, 1)), torch.full((4, 1, 64, 64), 0.5)) != 0.5).all()


def test_blur_keeps_the_mean_of_a_bright_dot_and_spreads_it_by_its_deviation():
    dot = torch.zeros(3, 1, 41, 41)
    dot[:, :, 20, 20] = 1
    found = changed(Blur(sigma=(2.0, 2.0)), dot).double()
    assert torch.allclose(found.sum(dim=(1, 2, 3)), torch.ones(3).double(), atol=1e-5)
    across = torch.arange(41) - 20.0
    variance = (found.sum(dim=(1, 2)) * across.square()).sum(dim=1)
    assert torch.allclose(variance, torch.full((3,), 4.0).double(), rtol=0.05)  # the tails end at 3 deviations
    assert torch.allclose(found, found.transpose(2, 3))


def test_blur_is_the_convolution_with_a_gaussian():
    image = torch.rand(1, 2, 12, 15)
    taps = torch.exp(-0.5 * (torch.arange(-3, 4) / 1.0).square())
    kernel = torch.outer(taps, taps) / taps.sum() ** 2
    padded = torch.nn.functional.pad(image, (3, 3, 3, 3), mode="reflect")
    expected = torch.nn.functional.conv2d(padded.transpose(0, 1), kernel[None, None]).transpose(0, 1)
    assert torch.allclose(changed(Blur(sigma=(1.0, 1.0)), image), expected, atol=1e-6)


def test_blur_of_an_image_smaller_than_its_reach_works():
    assert changed(Blur(sigma=(2.0, 2.0)), torch.rand(2, 3, 3, 1)).shape == (2, 3, 3, 1)


def test_zero_magnitude_changes_nothing():
    images = torch.rand(6, 3, 8, 8)
    for operation in (GaussianNoise(std=(0, 0)), SaltAndPepper(share=(0, 0)), Blur(sigma=(0, 0))):
        assert torch.equal(changed(operation, images), images), operation


@pytest.mark.parametrize(
    "operation", [GaussianNoise(), SaltAndPepper(share=(0.2, 0.4)), Blur(sigma=(0.5, 2)), Cutout(holes=2)]
)
def test_only_the_chosen_change_and_none_depends_on_its_batch(operation):
    images = torch.rand(8, 3, 9, 7) * 0.5 + 0.25
    chosen = torch.tensor([True, False] * 4)
    found = changed(operation, images, chosen)
    assert torch.equal(found[1::2], images[1::2])
    assert all(not torch.equal(found[i], images[i]) for i in (0, 2, 4, 6))
    for start, stop in ((0, 1), (2, 5), (1, 8)):
        assert torch.equal(changed(operation, images[start:stop], chosen[start:stop], start), found[start:stop])


def test_a_hole_of_cutout_inside_the_image_has_its_area_and_all_channels():
    found = changed(Cutout(share=0.5), torch.ones(500, 3, 20, 20))
    area = (found == 0).sum(dim=(1, 2, 3))
    assert area.max() == 3 * 10 * 10
    assert torch.equal(found[:, 0], found[:, 2])
    assert set(found.unique().tolist()) == {0.0, 1.0}


def test_centres_of_cutout_lie_anywhere_so_that_holes_may_be_cut_off():
    found = changed(Cutout(share=0.5), torch.ones(4000, 1, 20, 20))
    share = (found == 0).double().mean(dim=(1, 2, 3))
    # A side of half the image around a uniform centre covers 7/16 of a row on average: 3/8 + 1/16; its square is both.
    assert abs(share.mean().item() - (7 / 16) ** 2) < 4 * share.std().item() / math.sqrt(4000)  # 4 standard errors
    places = (found == 0).double().mean(dim=(0, 1))
    assert places.min() > 0


def test_more_holes_cover_more():
    one = (changed(Cutout(share=0.2), torch.ones(500, 1, 20, 20)) == 0).double().mean()
    three = (changed(Cutout(share=0.2, holes=3), torch.ones(500, 1, 20, 20)) == 0).double().mean()
    assert 2 * one < three <= 3 * one


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GaussianNoise(std=(-1, 0)), r"std of gaussian-noise must be a range within \[0, 10\], low to high"),
        (lambda: SaltAndPepper(share=(0, 2)), r"share of salt-and-pepper must be a range within \[0, 1\]"),
        (lambda: Blur(sigma=(2, 1)), r"sigma of blur must be a range within \[0, 50\], low to high, got \(2, 1\)"),
        (lambda: Cutout(share=0), r"share of cutout must lie in \(0, 1\], got 0"),
        (lambda: Cutout(holes=0), "holes of cutout must be at least 1, got 0"),
        (lambda: Cutout(probability=2), r"probability of cutout must lie in \[0, 1\], got 2"),
    ],
)
def test_what_cannot_be_is_named(make, message):
    with pytest.raises(InputError, match=message):
        make()
