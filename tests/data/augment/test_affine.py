"""Tests of burnish.data.augment.affine."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from burnish.data.augment import affine


def one(*values):
    return [torch.tensor([value], dtype=torch.float64) for value in values]


def moved(maps, x, y):
    return affine.move_points(maps, torch.tensor([[[x, y]]], dtype=torch.float64))[0, 0].tolist()


def test_a_quarter_turn_is_counter_clockwise_on_the_screen():
    assert moved(affine.rotation(*one(90.0)), 1.0, 0.0) == [0.0, -1.0]  # right goes up, and y points down


def test_right_angles_have_no_rounding():
    for degrees in (-360, -90, 0, 90, 180, 270, 360):
        turned = affine.rotation(*one(float(degrees)))
        assert torch.equal(turned, turned.round())


def test_a_rotation_keeps_lengths_and_area():
    turned = affine.rotation(torch.rand(50, dtype=torch.float64) * 360)[:, :2, :2]
    assert torch.allclose(turned @ turned.mT, torch.eye(2, dtype=torch.float64).expand(50, 2, 2))
    assert torch.allclose(torch.linalg.det(turned), torch.ones(50, dtype=torch.float64))


def test_translation_scaling_and_shearing_move_points_as_they_say():
    assert moved(affine.translation(*one(2.0, -3.0)), 1.0, 1.0) == [3.0, -2.0]
    assert moved(affine.scaling(*one(2.0, -3.0)), 1.0, 1.0) == [2.0, -3.0]
    assert moved(affine.shearing(*one(45.0, 0.0)), 1.0, 2.0) == pytest.approx([3.0, 2.0])
    assert moved(affine.shearing(*one(0.0, 45.0)), 1.0, 2.0) == pytest.approx([1.0, 3.0])


def test_a_map_about_a_point_keeps_it():
    assert moved(affine.about(affine.rotation(*one(33.0)), 5.0, 7.0), 5.0, 7.0) == pytest.approx([5.0, 7.0])


def test_absent_points_stay_absent_and_the_type_stays():
    points = torch.tensor([[[math.nan, math.nan], [1.0, 1.0]]])
    found = affine.move_points(affine.translation(*one(1.0, 0.0)), points)
    assert found.dtype == torch.float32
    assert found[0, 0].isnan().all()
    assert found[0, 1].tolist() == [2.0, 1.0]


@given(st.floats(-360, 360), st.floats(0.5, 2), st.floats(-60, 60), st.floats(-20, 20))
def test_the_inverse_takes_points_back(degrees, scale, slant, shift):
    maps = affine.translation(*one(shift, -shift)) @ affine.shearing(*one(slant, 0.0))
    maps = affine.about(maps @ affine.scaling(*one(scale, 1 / scale)) @ affine.rotation(*one(degrees)), 5.0, 3.0)
    there = affine.move_points(maps, torch.tensor([[[3.0, 4.0]]], dtype=torch.float64))
    assert affine.move_points(affine.invert(maps), there)[0, 0].tolist() == pytest.approx([3.0, 4.0])


def test_the_inverse_of_a_mirrored_quarter_turn_is_exact():
    maps = affine.about(affine.rotation(*one(90.0)) @ affine.scaling(*one(-1.0, 1.0)), 7.5, 7.5)
    assert torch.equal(affine.invert(maps) @ maps, affine.identity(1))


def test_magnification_is_the_growth_of_lengths():
    assert affine.magnification(affine.scaling(*one(-2.0, 8.0))).item() == pytest.approx(4.0)
    assert affine.magnification(affine.rotation(*one(30.0))).item() == pytest.approx(1.0)


def test_a_mirror_is_told_from_a_turn():
    assert affine.is_mirrored(affine.scaling(*one(-1.0, 1.0))).item()
    assert affine.is_mirrored(affine.scaling(*one(1.0, -1.0))).item()
    assert not affine.is_mirrored(affine.rotation(*one(180.0))).item()


def test_only_maps_from_pixels_to_pixels_are_exact():
    exact = [affine.identity(1), affine.translation(*one(3.0, -2.0)), affine.about(affine.rotation(*one(90.0)), 4, 4)]
    blended = [
        affine.translation(*one(0.5, 0.0)),
        affine.rotation(*one(1.0)),
        affine.scaling(*one(2.0, 2.0)),
        affine.about(affine.rotation(*one(90.0)), 4, 3.5),
        affine.shearing(*one(45.0, 0.0)).round(),
    ]
    assert affine.is_exact(torch.cat(exact)).all()
    assert not affine.is_exact(torch.cat(blended)).any()
