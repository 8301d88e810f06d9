"""Tests of burnish.data.augment.resample."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from burnish.data.augment import affine
from burnish.data.augment.resample import as_floats, parts, pick, resample

SIZE = (9, 12)


def numbered(count=1, channels=2, size=SIZE):
    return torch.arange(count * channels * size[0] * size[1]).view(count, channels, *size).float()


def one(*values):
    return [torch.tensor([float(value)], dtype=torch.float64) for value in values]


def mirrored(size=SIZE):
    return affine.about(affine.scaling(*one(-1, 1)), size[1] / 2, size[0] / 2)


def test_nothing_that_moves_is_the_very_same():
    images = numbered()
    assert resample(images, affine.identity(1), SIZE) is images


def test_mirrors_copy_pixels():
    assert torch.equal(resample(numbered(), mirrored(), SIZE), numbered().flip(3))
    upside_down = affine.about(affine.scaling(*one(1, -1)), 6, 4.5)
    assert torch.equal(resample(numbered(), upside_down, SIZE), numbered().flip(2))


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_right_angles_copy_pixels_of_square_images(turns):
    images = numbered(size=(7, 7))
    turned = affine.about(affine.rotation(*one(90 * turns)), 3.5, 3.5)
    assert torch.equal(resample(images, turned, (7, 7)), images.rot90(turns, (2, 3)))


def test_whole_shifts_copy_pixels_and_the_rest_is_filled():
    images = numbered() + 1
    right = affine.translation(*one(2, 0))
    found = resample(images, right, SIZE)
    assert torch.equal(found[..., 2:], images[..., :-2])
    assert not found[..., :2].any()
    assert torch.equal(resample(images, right, SIZE, "edge")[..., :2], images[..., :1].expand(1, 2, 9, 2))
    assert torch.equal(resample(images, right, SIZE, "reflect")[..., :2], images[..., :2].flip(3))


def test_half_a_pixel_is_the_mean_of_two():
    images = torch.rand(1, 2, *SIZE)
    found = resample(images, affine.translation(*one(0.5, 0)), SIZE)
    assert torch.allclose(found[..., 1:], (images[..., 1:] + images[..., :-1]) / 2, atol=1e-6)


@pytest.mark.parametrize("fill", ["zero", "edge", "reflect"])
def test_all_that_lies_outside_is_filled_alike_by_copies_and_by_blends(fill):
    images = torch.rand(1, 1, *SIZE)
    copied = resample(images, affine.translation(*one(5, -4)), SIZE, fill)
    blended = resample(images, affine.translation(*one(5 + 1e-7, -4)), SIZE, fill)
    assert torch.allclose(copied, blended, atol=1e-5)


@settings(deadline=None, max_examples=60)
@given(
    st.floats(-180, 180),
    st.floats(0.7, 1.5),
    st.floats(-20, 20),
    st.floats(-4, 4),
    st.floats(10, 30),
    st.floats(10, 30),
)
def test_a_bright_dot_goes_where_its_point_goes(degrees, scale, slant, shift, x, y):
    rows, columns = torch.meshgrid(torch.arange(40) + 0.5, torch.arange(40) + 0.5, indexing="ij")
    dot = torch.exp(-((columns - x).square() + (rows - y).square()) / 4).view(1, 1, 40, 40).float()
    linear = affine.rotation(*one(degrees)) @ affine.shearing(*one(slant, 0)) @ affine.scaling(*one(scale, scale))
    maps = affine.translation(*one(shift, -shift)) @ affine.about(linear, 20, 20)
    expected = affine.move_points(maps, torch.tensor([[[x, y]]]))[0, 0]
    found = resample(dot, maps, (40, 40))[0, 0]
    if (expected < 8).any() or (expected > 32).any():
        return  # part of the dot is cut off, so its centre of mass moves
    mass = found.sum()
    centre = torch.stack([(found * columns).sum() / mass, (found * rows).sum() / mass])
    assert (centre - expected).abs().max() < 0.2


def test_bytes_become_floats_and_are_copied_exactly():
    images = torch.randint(256, (3, 3, *SIZE), dtype=torch.uint8)
    found = resample(images, mirrored().expand(3, 3, 3), SIZE)
    assert torch.equal(found, images.flip(3).float() / 255)
    turned = affine.about(affine.rotation(*one(20)), 6, 4.5).expand(3, 3, 3)
    assert torch.equal(resample(images, turned, SIZE), resample(images.float() / 255, turned, SIZE))


def test_an_image_that_shrinks_a_lot_is_averaged_not_skipped():
    stripes = torch.zeros(1, 1, 64, 64)
    stripes[..., ::4] = 1.0  # mean 1/4; samples 8 apart would see 0 or 1 only
    for factor in (1 / 8, 1 / 5):
        canvas = (int(64 * factor), int(64 * factor))
        found = resample(stripes, affine.scaling(*one(factor, factor)), canvas)
        assert (found - 0.25).abs().max() < 0.13
        assert abs(found.mean().item() - 0.25) < 0.03


def test_exact_blended_and_shrunken_samples_of_a_batch_are_as_they_are_alone():
    images = torch.rand(6, 3, 33, 31)
    maps = torch.cat(
        [
            affine.identity(1),
            affine.about(affine.rotation(*one(17)), 15, 16),
            affine.scaling(*one(0.2, 0.2)),
            mirrored((33, 31)),
            affine.scaling(*one(0.45, 0.4)),
            affine.translation(*one(0.25, 3)),
        ]
    )
    whole = resample(images, maps, (33, 31))
    for i in range(6):
        assert torch.equal(resample(images[i : i + 1], maps[i : i + 1], (33, 31)), whole[i : i + 1])


def test_many_samples_are_resampled_in_parts_without_a_difference():
    images = torch.rand(7, 3, 250, 250)
    assert len(list(parts(images))) > 1
    maps = affine.about(affine.rotation(torch.linspace(5, 65, 7).double()), 125, 125)
    whole = resample(images, maps, (250, 250))
    assert torch.equal(whole[3:5], resample(images[3:5], maps[3:5], (250, 250)))


def test_parts_cover_every_sample_once():
    images = torch.empty(11, 3, 300, 300)
    seen = [number for part in parts(images) for number in range(11)[part]]
    assert seen == list(range(11))
    assert list(parts(torch.empty(0, 3, 4, 4))) == []


def test_picking_takes_the_nearest_pixel_and_keeps_the_type():
    classes = torch.randint(5, (1, 1, 20, 20))
    maps = affine.about(affine.rotation(*one(30)), 10, 10)
    found = pick(classes, maps, (20, 20), outside=255)
    assert found.dtype == torch.int64
    back = affine.move_points(affine.invert(maps), torch.tensor([[[7.5, 12.5], [0.5, 0.5]]]).double())[0]
    x, y = back[0].floor().long().tolist()
    assert found[0, 0, 12, 7] == classes[0, 0, y, x]
    assert found[0, 0, 0, 0] == 255
    assert set(found.unique().tolist()) <= {0, 1, 2, 3, 4, 255}


def test_picking_fills_from_the_edge_or_a_mirror_where_asked():
    classes = torch.tensor([[[[1, 2, 3, 4]]]])
    right = affine.translation(*one(2, 0))
    assert pick(classes, right, (1, 4)).tolist() == [[[[0, 0, 1, 2]]]]
    assert pick(classes, right, (1, 4), "edge").tolist() == [[[[1, 1, 1, 2]]]]
    assert pick(classes, right, (1, 4), "reflect").tolist() == [[[[2, 1, 1, 2]]]]


def test_only_bytes_are_scaled():
    assert as_floats(torch.tensor([255], dtype=torch.uint8)).tolist() == [1.0]
    floats = torch.tensor([3.0])
    assert as_floats(floats) is floats
