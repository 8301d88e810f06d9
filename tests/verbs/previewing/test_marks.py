"""Tests of burnish.verbs.previewing.marks."""

import numpy as np
import pytest
import torch
from PIL import Image

from burnish.common.errors import InputError
from burnish.verbs.previewing.marks import COLOURS, draw_targets


def picture():
    return Image.new("RGB", (80, 80), (10, 10, 10))


def drawn(targets, kinds, scale=4):
    return np.asarray(draw_targets(picture(), targets, kinds, scale))


def test_a_box_is_outlined_where_its_edges_lie_at_the_pictures_scale():
    found = drawn({"box": torch.tensor([[5.0, 5.0, 15.0, 10.0]])}, {"box": "boxes"})
    marked = np.argwhere((found == COLOURS[0]).all(axis=2))
    assert marked.min(axis=0).tolist() == [20, 20]
    assert marked.max(axis=0).tolist() == [39, 59]
    assert tuple(found[30, 40]) == (10, 10, 10)


def test_a_point_is_a_dot_around_its_place():
    found = drawn({"eye": torch.tensor([[10.0, 5.0]])}, {"eye": "keypoints"})
    marked = np.argwhere((found == COLOURS[0]).all(axis=2))
    assert marked.mean(axis=0).tolist() == pytest.approx([20, 40], abs=0.5)


def test_what_is_absent_is_not_drawn():
    nothing = {"box": torch.full((2, 4), torch.nan), "eye": torch.full((1, 2), torch.nan)}
    assert (drawn(nothing, {"box": "boxes", "eye": "keypoints"}) == 10).all()


def test_classes_of_a_mask_are_tinted_and_the_background_is_not():
    mask = torch.zeros(20, 20, dtype=torch.int64)
    mask[:5] = 1
    mask[15:] = 2
    found = drawn({"mask": mask}, {"mask": "mask"})
    assert (found[20:60] == 10).all()
    assert len({tuple(found[row, 0]) for row in (0, 30, 79)}) == 3
    assert (found[:20] == found[0, 0]).all()


def test_values_of_a_mask_tint_as_much_as_they_are():
    values = torch.stack([torch.full((20, 20), 0.5), torch.zeros(20, 20)])
    half, whole = (drawn({"m": v}, {"m": "mask"})[0, 0] for v in (values, values * 2))
    assert 10 < half[0] < whole[0] < COLOURS[0][0]


def test_labels_and_targets_without_a_kind_leave_no_mark():
    assert (drawn({"label": torch.tensor(3), "other": torch.ones(4)}, {"label": "label"}) == 10).all()
    assert (drawn(torch.tensor(3), {}) == 10).all()


def test_a_kind_that_cannot_be_drawn_is_named():
    with pytest.raises(InputError, match=r"a target of kind 'polygon' \(outline\) cannot be drawn"):
        drawn({}, {"outline": "polygon"})
