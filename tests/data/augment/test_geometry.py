"""Tests of burnish.data.augment.geometry."""

import math

import pytest
import torch

from burnish.common.errors import InputError
from burnish.data.augment import affine
from burnish.data.augment.draws import Draws
from burnish.data.augment.geometry import (
    CentreCrop,
    Fit,
    HorizontalFlip,
    RandomCrop,
    Rescale,
    ResizedCrop,
    Rotate,
    Shear,
    Stretch,
    Translate,
    VerticalFlip,
)

MANY = 4000
CANVAS = (30, 40)


def maps(operation, canvas=CANVAS, given=None, count=MANY):
    sizes = torch.tensor([given or canvas], dtype=torch.float64).expand(count, 2)
    return operation.maps(Draws(0, 0, torch.arange(count)), "op", sizes, canvas)


def linear(operation):
    found = maps(operation)
    return found[:, 0, 0], found[:, 0, 1], found[:, 1, 0], found[:, 1, 1]


def fills(values, low, high):
    """Uniform between the two: inside, near both ends, and the mean within four standard errors."""
    spread = (high - low) / math.sqrt(12 * len(values))
    assert low <= values.min() < low + 0.01 * (high - low)
    assert high - 0.01 * (high - low) < values.max() <= high
    assert abs(values.mean().item() - (low + high) / 2) < 4 * spread


def test_rotation_covers_the_circle_by_default_and_keeps_the_centre():
    a, b, c, d = linear(Rotate())
    fills(torch.rad2deg(torch.atan2(b, a)) % 360, 0, 360)
    assert torch.allclose(a, d)
    assert torch.allclose(b, -c)
    centre = torch.tensor([[[20.0, 15.0]]], dtype=torch.float64)
    assert torch.allclose(affine.move_points(maps(Rotate()), centre.expand(MANY, 1, 2)), centre.expand(MANY, 1, 2))


def test_translation_reaches_10_pixels_either_way_along_both_axes():
    found = maps(Translate())
    fills(found[:, 0, 2], -10, 10)
    fills(found[:, 1, 2], -10, 10)
    correlation = torch.corrcoef(found[:, :2, 2].T)[0, 1]
    assert correlation.abs() < 4 / math.sqrt(MANY)


def test_rescaling_reaches_1_6_either_way_uniform_in_the_logarithm():
    a, b, c, d = linear(Rescale())
    fills(a.log(), -math.log(1.6), math.log(1.6))
    assert torch.equal(a, d)
    assert not b.any()
    assert not c.any()


def test_shear_reaches_20_degrees_either_way():
    a, b, c, d = linear(Shear())
    fills(torch.rad2deg(torch.atan(b)), -20, 20)
    assert (a == 1).all()
    assert (d == 1).all()
    assert not c.any()


def test_stretching_changes_proportions_by_up_to_1_3_and_keeps_the_area():
    a, _, _, d = linear(Stretch())
    fills((a / d).log(), -math.log(1.3), math.log(1.3))
    assert torch.allclose(a * d, torch.ones_like(a))


@pytest.mark.parametrize("operation", [Rotate(), Rescale(), Shear(), Stretch(), HorizontalFlip(), VerticalFlip()])
def test_the_centre_of_the_canvas_stays(operation):
    centre = torch.tensor([20.0, 15.0], dtype=torch.float64).expand(9, 1, 2)
    assert torch.allclose(affine.move_points(maps(operation, count=9), centre), centre)


def test_zero_magnitude_is_the_identity():
    still = [
        Rotate(degrees=(0, 0)),
        Translate(pixels=0),
        Rescale(factor=(1, 1)),
        Shear(degrees=(0, 0)),
        Stretch(factor=(1, 1)),
        RandomCrop(padding=0),
        ResizedCrop(area=(1, 1), ratio=(4 / 3, 4 / 3)),
        CentreCrop(share=(1, 1)),
        Fit(),
    ]
    for operation in still:
        assert torch.allclose(maps(operation, count=8), affine.identity(8), atol=1e-12), operation


def test_flips_are_their_own_inverse():
    for flip in (HorizontalFlip(), VerticalFlip()):
        found = maps(flip, count=3)
        assert torch.equal(found @ found, affine.identity(3))


def test_steps_of_90_degrees_are_exact_and_equally_likely():
    a, b, _, _ = linear(Rotate(step=90))
    angles = torch.rad2deg(torch.atan2(b, a)).round() % 360
    values, counts = angles.unique(return_counts=True)
    assert values.tolist() == [0, 90, 180, 270]
    assert (counts - MANY / 4).abs().max() < 4 * math.sqrt(MANY * 3 / 16)  # 4 standard deviations
    assert affine.is_exact(maps(Rotate(step=90), canvas=(8, 8))).all()


def test_fitting_covers_the_canvas_and_keeps_the_centre():
    for given in ((60, 50), (10, 100), (30, 40)):
        found = maps(Fit(), given=given, count=1)
        corners = torch.tensor([[[0, 0], [given[1] / 2, given[0] / 2], [given[1], given[0]]]], dtype=torch.float64)
        (left, top), middle, (right, bottom) = affine.move_points(found, corners)[0].tolist()
        assert middle == pytest.approx([20, 15])
        assert left <= 1e-9
        assert top <= 1e-9
        assert right >= 40 - 1e-9
        assert bottom >= 30 - 1e-9
        assert right - left == pytest.approx(40) or bottom - top == pytest.approx(30)


def test_a_crop_with_padding_takes_every_whole_shift_alike():
    found = maps(RandomCrop(padding=2))
    assert affine.is_exact(found).all()
    for shift in (found[:, 0, 2], found[:, 1, 2]):
        values, counts = shift.unique(return_counts=True)
        assert values.tolist() == [-2, -1, 0, 1, 2]
        assert (counts - MANY / 5).abs().max() < 4 * math.sqrt(MANY * 4 / 25)  # 4 standard deviations


def test_a_crop_after_resizing_lies_inside_and_reaches_every_place():
    found = maps(RandomCrop(resize=44), given=(88, 176))
    assert torch.allclose(found[:, 0, 0], torch.tensor(0.5).double())
    assert sorted((-found[:, 1, 2]).unique().tolist()) == list(range(44 - 30 + 1))
    assert sorted((-found[:, 0, 2]).unique().tolist()) == list(range(88 - 40 + 1))


def test_a_resized_crop_has_the_area_and_ratio_that_it_says():
    found = maps(ResizedCrop(area=(0.2, 0.5)), given=(100, 100))
    wide, high = 40 / found[:, 0, 0], 30 / found[:, 1, 1]
    fills(wide * high / 1e4, 0.2, 0.5)
    fills((wide / high).log(), math.log(3 / 4), math.log(4 / 3))
    left, top = -found[:, 0, 2] / found[:, 0, 0], -found[:, 1, 2] / found[:, 1, 1]
    assert min(left.min(), top.min()) >= -1e-9
    assert max((left + wide).max(), (top + high).max()) <= 100 + 1e-9


def test_a_part_too_long_for_the_image_shrinks_into_it():
    found = maps(ResizedCrop(area=(1, 1), ratio=(4, 4)), given=(100, 100))
    assert torch.allclose(40 / found[:, 0, 0], torch.tensor(100.0).double())
    assert torch.allclose(30 / found[:, 1, 1], torch.tensor(25.0).double())


def test_a_centre_crop_keeps_its_share_and_the_middle():
    found = maps(CentreCrop(share=(0.5, 0.9)))
    fills(1 / found[:, 0, 0], 0.5, 0.9)
    centre = torch.tensor([20.0, 15.0], dtype=torch.float64).expand(MANY, 1, 2)
    assert torch.allclose(affine.move_points(found, centre), centre)


def test_a_centre_crop_off_the_centre_stays_within_its_range_and_the_image():
    canvas = torch.tensor([[0, 0], [40, 30]], dtype=torch.float64).expand(MANY, 2, 2)
    seen = affine.move_points(affine.invert(maps(CentreCrop(share=(0.5, 0.5), off_centre=1.0))), canvas)
    fills(seen[:, 0, 0], 0, 20)
    fills(seen[:, 0, 1], 0, 15)
    half = affine.move_points(affine.invert(maps(CentreCrop(share=(0.5, 0.5), off_centre=0.5))), canvas)
    fills(half[:, 0, 0], 5, 15)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RandomCrop(padding=-1), "padding of random-crop must be 0 or more pixels, got -1"),
        (lambda: RandomCrop(resize=0), "resize of random-crop must be 1 pixel or more, got 0"),
        (lambda: maps(RandomCrop(resize=32)), "random-crop cuts 30x40 out of images whose shorter side is 32: resize"),
        (lambda: ResizedCrop(area=(0.5, 1.5)), r"area of resized-crop must be a range within \[0.0001, 1\]"),
        (lambda: ResizedCrop(ratio=(2, 1)), r"ratio of resized-crop must be a range .* low to high, got \(2, 1\)"),
        (lambda: CentreCrop(share=(0, 1)), "share of centre-crop must be a range"),
        (lambda: CentreCrop(off_centre=2), r"off_centre of centre-crop must lie in \[0, 1\], got 2"),
        (lambda: Rotate(degrees=(0, 400)), r"degrees of rotate must be a range within \[-360, 360\]"),
        (lambda: Rotate(degrees=(math.nan, 1)), "degrees of rotate must be a range"),
        (lambda: Rotate(step=0), r"step of rotate must lie in \(0, 360\] degrees, got 0"),
        (lambda: Rotate(degrees=(10, 20), step=90), "no multiple of step 90 of rotate lies in its degrees"),
        (lambda: Translate(pixels=-1), "pixels of translate must be 0 or more, got -1"),
        (lambda: Rescale(factor=(0, 1)), "factor of rescale must be a range"),
        (lambda: Shear(degrees=(0, 90)), r"degrees of shear must be a range within \[-80, 80\]"),
        (lambda: Stretch(factor=(-1, 1)), "factor of stretch must be a range"),
        (lambda: HorizontalFlip(probability=1.5), r"probability of horizontal-flip must lie in \[0, 1\], got 1.5"),
    ],
)
def test_what_cannot_be_is_named(make, message):
    with pytest.raises(InputError, match=message):
        make()
