"""Tests of burnish.data.augment.colour."""

import math

import pytest
import torch

from burnish.common.errors import InputError
from burnish.data.augment.augmentation import Augmentation
from burnish.data.augment.colour import LUMA, Brightness, Contrast, Hue, PcaShift, Saturation
from burnish.data.augment.draws import Draws

MANY = 4000
COMPONENTS = ((0.3, 0.2, 0.1), (0.05, -0.04, 0.0), (0.01, 0.01, -0.03))


def matrices(operation, channels=3, means=None, count=MANY):
    means = torch.full((count, channels), 0.5).double() if means is None else means
    return operation.matrices(Draws(0, 0, torch.arange(count)), "op", means)


def mixed(operations, images):
    """Colour alone, nothing cut off: as the composition sees it."""
    draws = Draws(0, 0, torch.arange(len(images)))
    found = Augmentation(tuple(operations)).colours(draws, images.mean(dim=(2, 3)))
    return torch.einsum("bij,bjhw->bihw", found[:, :, :-1], images.double()) + found[:, :, -1, None, None]


def luma(images):
    return torch.einsum("c,bchw->bhw", torch.tensor(LUMA).double(), images.double())


def fills(values, low, high):
    """Uniform between the two: inside, near both ends, and the mean within four standard errors."""
    assert low <= values.min() < low + 0.01 * (high - low)
    assert high - 0.01 * (high - low) < values.max() <= high
    assert abs(values.mean().item() - (low + high) / 2) < 4 * (high - low) / math.sqrt(12 * len(values))


def test_brightness_multiplies_by_a_factor_within_its_amount():
    found = matrices(Brightness(amount=0.4))
    fills(found[:, 0, 0], 0.6, 1.4)
    assert torch.equal(found, found[:, :1, :1] * torch.eye(3, 4).double())


def test_contrast_moves_pixels_from_the_mean_brightness():
    images = torch.rand(50, 3, 4, 4).double()
    found = mixed([Contrast(amount=0.5)], images)
    middle = luma(images).mean(dim=(1, 2))[:, None, None, None]
    factor = (found - middle) / (images - middle)
    assert torch.allclose(factor, factor[:, :1, :1, :1].expand_as(factor))
    fills(matrices(Contrast(amount=0.5))[:, 0, 0], 0.5, 1.5)


def test_contrast_takes_the_mean_after_the_operations_before_it():
    images = torch.rand(20, 3, 4, 4).double()
    brightness, contrast = Brightness(amount=0.4), Contrast(amount=0.9)
    draws = Draws(0, 0, torch.arange(20))
    bright = brightness.matrices(draws, "0.brightness", images.mean(dim=(2, 3)))[:, :1, :1, None] * images
    middle = luma(bright).mean(dim=(1, 2))[:, None, None, None]
    factor = contrast.matrices(draws, "1.contrast", images.mean(dim=(2, 3)))[:, :1, :1, None]
    expected = middle + factor * (bright - middle)
    assert torch.allclose(mixed([brightness, contrast], images), expected)


def test_no_saturation_is_grey_and_brightness_stays():
    images = torch.rand(200, 3, 4, 4).double()
    found = mixed([Saturation(amount=1.0)], images)
    assert torch.allclose(luma(found), luma(images))
    factor = matrices(Saturation(amount=1.0), count=200)[:, 0, 0]
    grey = Saturation(amount=1.0)
    factors = Draws(0, 0, torch.arange(200)).between("0.saturation", 0, 2)
    expected = luma(images)[:, None] + factors[:, None, None, None] * (images - luma(images)[:, None])
    assert torch.allclose(found, expected)
    assert factor.min() < LUMA[0] + 0.05  # nearly grey: the weight of red in red is that of red in brightness
    assert grey.needs_colour


def test_hue_keeps_brightness_and_grey_and_turns_by_its_range():
    images = torch.rand(50, 3, 4, 4).double()
    found = mixed([Hue(amount=0.5)], images)
    assert torch.allclose(luma(found), luma(images))
    assert not torch.allclose(found, images, atol=0.05)
    grey = torch.rand(50, 1, 4, 4).double().expand(50, 3, 4, 4)
    assert torch.allclose(mixed([Hue(amount=0.5)], grey), grey)
    # The trace of a rotation of a plane beside a fixed axis is 1 + 2 cos(angle).
    cosines = (matrices(Hue(amount=0.25))[:, :, :3].diagonal(dim1=1, dim2=2).sum(1) - 1) / 2
    fills(torch.acos(cosines.clamp(-1, 1)), 0, math.pi / 2)


def test_half_a_turn_of_hue_twice_is_the_identity():
    half = matrices(Hue(amount=0.5), count=1)
    angle = Draws(0, 0, torch.arange(1)).between("op", -0.5, 0.5).item() * 2 * math.pi
    back = torch.linalg.inv(half[0, :, :3])
    assert torch.allclose(back @ half[0, :, :3], torch.eye(3).double(), atol=1e-12)
    assert half[0, :, :3].trace().item() == pytest.approx(1 + 2 * math.cos(angle))


def test_grey_images_have_no_hue_and_saturation():
    for operation in (Hue(), Saturation()):
        assert torch.equal(matrices(operation, channels=1, count=3), torch.eye(1, 2).double().expand(3, 1, 2))


def test_zero_amounts_are_the_identity():
    for operation in (
        Brightness(amount=0),
        Contrast(amount=0),
        Saturation(amount=0),
        Hue(amount=0),
        PcaShift(std=0, components=COMPONENTS),
    ):
        expected = torch.eye(3, 4).double().expand(5, 3, 4)
        assert torch.allclose(matrices(operation, count=5), expected, atol=1e-12), operation


def test_the_pca_shift_has_the_covariance_of_its_components():
    found = matrices(PcaShift(std=0.5, components=COMPONENTS), count=20_000)
    shift = found[:, :, -1]
    rows = torch.tensor(COMPONENTS).double()
    expected = 0.25 * rows.T @ rows
    deviations = expected.diagonal().sqrt()
    assert (shift.mean(0).abs() < 4 * deviations / math.sqrt(20_000)).all()  # 4 standard errors
    limit = 4 * math.sqrt(2 / 20_000) * deviations[:, None] * deviations  # at least 4 standard errors
    assert ((torch.cov(shift.T) - expected).abs() < limit).all()
    assert torch.equal(found[:, :, :3], torch.eye(3).double().expand(20_000, 3, 3))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Brightness(amount=1.5), r"amount of brightness must lie in \[0, 1\], got 1.5"),
        (lambda: Contrast(amount=-0.1), r"amount of contrast must lie in \[0, 1\], got -0.1"),
        (lambda: Saturation(amount=2), r"amount of saturation must lie in \[0, 1\], got 2"),
        (lambda: Hue(amount=0.6), r"amount of hue must lie in \[0, 0.5\], got 0.6"),
        (lambda: Hue(probability=-1), r"probability of hue must lie in \[0, 1\], got -1"),
        (lambda: PcaShift(std=-1), "std of pca-shift must be 0 or more, got -1"),
        (lambda: matrices(PcaShift()), "pca-shift needs the colours of the training set: prepare"),
        (lambda: matrices(PcaShift(components=((1.0,),))), "prepared for images of 1 channels, these have 3: prepare"),
    ],
)
def test_what_cannot_be_is_named(make, message):
    with pytest.raises(InputError, match=message):
        make()
