"""Tests of burnish.data.augment.moving."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from burnish.common.errors import InputError
from burnish.data.augment import affine
from burnish.data.augment.augmentation import Augmentation
from burnish.data.augment.colour import Brightness
from burnish.data.augment.draws import Draws
from burnish.data.augment.geometry import HorizontalFlip, Rescale, Rotate, Shear, Stretch, Translate
from burnish.data.augment.mixing import Mixup
from burnish.data.augment.moving import check_targets, move_targets
from burnish.data.augment.pixels import Cutout

SIZE = (32, 40)
WIDE = torch.tensor([[32.0, 40.0]]).double()
FLIP = affine.about(affine.scaling(-torch.ones(1).double(), torch.ones(1).double()), 20, 16)
GEOMETRY = Augmentation((HorizontalFlip(), Rotate(), Translate(), Rescale(), Shear(), Stretch()))


def moved(target, kind, maps=FLIP, size=SIZE, **options):
    sizes = torch.tensor([size]).double().expand(len(maps), 2)
    return move_targets({"it": target}, {"it": kind}, maps, sizes, size, **options)["it"]


def random_map(number, size=SIZE):
    return GEOMETRY.maps(Draws(0, 0, torch.tensor([number])), torch.tensor([size]).double(), size)


def test_labels_stay():
    labels = torch.tensor([1, 2])
    assert move_targets(labels, {}, FLIP, WIDE, SIZE) is labels
    assert moved(labels, "label") is labels


def test_a_mirror_moves_masks_boxes_and_points_exactly():
    mask = torch.randint(5, (1, *SIZE))
    assert torch.equal(moved(mask, "mask"), mask.flip(2))
    values = torch.rand(1, 2, *SIZE)
    assert torch.equal(moved(values, "mask"), values.flip(3))
    assert moved(torch.tensor([[[1.0, 2.0, 11.0, 12.0]]]), "boxes").tolist() == [[[29, 2, 39, 12]]]
    assert moved(torch.tensor([[[1.0, 2.0]]]), "keypoints").tolist() == [[[39, 2]]]


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 10**6), st.integers(0, 28), st.integers(0, 22), st.integers(4, 12), st.integers(4, 10))
def test_box_and_mask_of_one_object_agree_after_any_transform(number, left, top, wide, high):
    maps = random_map(number)
    right, bottom = min(left + wide, 40), min(top + high, 32)
    mask = torch.zeros(1, *SIZE, dtype=torch.int64)
    mask[:, top:bottom, left:right] = 1
    box = torch.tensor([[[left, top, right, bottom]]]).float()
    seen = moved(mask, "mask", maps)[0].nonzero()
    found = moved(box, "boxes", maps, least_area=0.0)[0, 0]
    if len(seen) == 0:
        return  # the object is gone, or between pixels
    pixels = torch.stack([seen[:, 1].min(), seen[:, 0].min(), seen[:, 1].max() + 1, seen[:, 0].max() + 1]).float()
    inwards = torch.tensor([1, 1, -1, -1]) * (pixels - found)
    assert inwards.min() >= -0.51, "a pixel of the mask whose centre lies in the box sticks out half a pixel at most"
    corners = torch.tensor([[[left, top], [right, top], [right, bottom], [left, bottom]]]).double()
    placed = affine.move_points(maps, corners)[0]
    is_whole = (placed >= 0).all() and (placed <= torch.tensor([40, 32])).all()
    if is_whole:
        assert torch.allclose(found.double(), torch.cat([placed.amin(0), placed.amax(0)]), atol=1e-4)
        # Near a corner the object is thinner than a pixel: by the sine of its angle, 45 degrees at the least here.
        assert inwards.max() <= 3


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10**6))
def test_image_and_float_mask_go_the_same_way(number):
    image = torch.rand(1, 1, *SIZE, generator=torch.Generator().manual_seed(number))
    draws = Draws(0, 0, torch.tensor([number]))
    made, maps = GEOMETRY.batch(image, draws)
    assert torch.allclose(moved(image, "mask", maps), made, atol=1e-6)


def test_a_box_is_cut_to_the_canvas_and_absent_where_too_little_is_left():
    right = affine.translation(torch.tensor([8.0]).double(), torch.tensor([0.0]).double())
    boxes = torch.tensor([[[20.0, 0, 40, 10], [31.5, 0, 40, 10], [33.0, 0, 39, 10], [math.nan] * 4]])
    found = moved(boxes, "boxes", right)
    assert found[0, 0].tolist() == [28, 0, 40, 10]
    assert found[0, 1].isnan().all()  # 0.5 of 8.5 is left
    assert found[0, 2].isnan().all()
    assert found[0, 3].isnan().all()
    assert moved(boxes, "boxes", right, least_area=0.05)[0, 1].tolist() == [39.5, 0, 40, 10]
    assert moved(boxes, "boxes", right, least_area=0.0)[0, 2].isnan().all()


def test_a_point_that_leaves_the_canvas_is_absent():
    right = affine.translation(torch.tensor([8.0]).double(), torch.tensor([0.0]).double())
    found = moved(torch.tensor([[[31.0, 5.0], [33.0, 5.0], [math.nan, math.nan]]]), "keypoints", right)
    assert found[0, 0].tolist() == [39, 5]
    assert found[0, 1:].isnan().all()


def test_left_and_right_change_names_in_a_mirror_alone():
    points = torch.tensor([[[20.0, 1.0], [10.0, 2.0], [30.0, 2.0]]])
    found = moved(points, "keypoints", swap=((1, 2),))
    assert found.tolist() == [[[20, 1], [10, 2], [30, 2]]]  # mirrored and renamed: the left eye is left again
    turned = affine.about(affine.rotation(torch.tensor([180.0]).double()), 20, 16)
    assert moved(points, "keypoints", turned, swap=((1, 2),)).tolist() == [[[20, 31], [30, 30], [10, 30]]]


def test_what_lies_outside_of_a_mask_is_a_class_or_the_mirror():
    right = affine.translation(torch.tensor([2.0]).double(), torch.tensor([0.0]).double())
    mask = torch.arange(4).view(1, 1, 4) + 1
    assert moved(mask, "mask", right, (1, 4), outside=255).tolist() == [[[255, 255, 1, 2]]]
    assert moved(mask, "mask", right, (1, 4), fill="reflect").tolist() == [[[2, 1, 1, 2]]]
    assert moved(mask.byte(), "mask", right, (1, 4)).dtype == torch.uint8


def test_masks_of_files_of_several_sizes_come_onto_one_canvas():
    sizes = torch.tensor([[8, 8], [16, 20]]).double()
    maps = Augmentation().maps(Draws(0, 0, torch.arange(2)), sizes, (8, 8))
    masks = [torch.randint(3, (8, 8)), torch.ones(16, 20, dtype=torch.int64)]
    found = move_targets({"m": masks}, {"m": "mask"}, maps, sizes, (8, 8))["m"]
    assert torch.equal(found[0], masks[0])
    assert (found[1] == 1).all()


def test_every_sample_follows_its_own_map():
    maps = torch.cat([FLIP, affine.identity(1)])
    points = torch.tensor([[[1.0, 2.0]], [[1.0, 2.0]]])
    assert moved(points, "keypoints", maps).tolist() == [[[39, 2]], [[1, 2]]]


def test_rounding_over_the_edge_is_cut_and_more_is_refused():
    assert moved(torch.tensor([[[-0.5, 0, 10, 32.5]]]), "boxes").tolist() == [[[30, 0, 40, 32]]]
    with pytest.raises(InputError, match=r"box 0 of the target it in sample 0 .*\[-2.0, .*reaches out of its image of"):
        moved(torch.tensor([[[-2.0, 0, 10, 10]]]), "boxes")
    with pytest.raises(InputError, match="lies beside its image of 32x40"):
        moved(torch.tensor([[[-0.9, 0, -0.1, 10]]]), "boxes")


@pytest.mark.parametrize(
    ("target", "kind", "message"),
    [
        (torch.tensor([[[5.0, 5, 5, 9]]]), "boxes", "box 0 of the target it in sample 0 .* has no area: expected left"),
        (torch.zeros(1, 2, 3), "boxes", r"the target it must be float of the shape \(1, n, 4\), got"),
        (torch.zeros(1, 2, 2).long(), "keypoints", r"float of the shape \(1, n, 2\), got torch.int64"),
        (torch.zeros(2, 2, 2), "keypoints", r"float of the shape \(1, n, 2\), got torch.float32 \(2, 2, 2\)"),
        (torch.zeros(1, 9, 9).long(), "mask", r"the mask it has the shape \(9, 9\), its image is 32x40: expected"),
        (torch.zeros(1, 9), "polygon", r"the target it is of no known kind \(polygon\): expected one of label, mask"),
    ],
)
def test_targets_that_do_not_belong_to_their_image_are_named(target, kind, message):
    with pytest.raises(InputError, match=message):
        moved(target, kind)


def test_a_pair_to_swap_must_exist():
    with pytest.raises(InputError, match="swap names keypoints 1 and 4, and the target it has 3"):
        moved(torch.ones(1, 3, 2), "keypoints", swap=((1, 4),))


def test_a_kind_that_no_rule_knows_is_refused_at_set_up():
    with pytest.raises(InputError, match=r"unknown kind of the target outline, 'masks' \(did you mean 'mask'\?\)"):
        check_targets({"outline": "masks"}, Augmentation())


def test_what_cannot_move_a_target_is_refused_at_set_up():
    mixed = Augmentation((HorizontalFlip(), Mixup()))
    with pytest.raises(InputError, match=r"mixup cannot move the target outline \(mask\): leave it out"):
        check_targets({"outline": "mask"}, mixed)
    check_targets({"class": "label"}, mixed)
    every = {"a": "mask", "b": "boxes", "c": "keypoints"}
    check_targets(every, Augmentation((HorizontalFlip(), Brightness(), Cutout())))
