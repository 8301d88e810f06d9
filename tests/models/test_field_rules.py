"""Tests of burnish.models.field_rules; what the rules give together is tested in test_field_tracker."""

import torch

from burnish.models.field_layout import image_layout
from burnish.models.field_rules import CONSTANTS, layout_after

aten = torch.ops.aten
IMAGE = torch.zeros(1, 4, 6, 6)
LAYOUT = image_layout(IMAGE.shape)


def after(operation, *args):
    output = operation(*args)
    outputs = [output] if isinstance(output, torch.Tensor) else list(output)
    return layout_after(operation, args, {}, outputs, _find)


def _find(tensor):
    return LAYOUT if tensor is IMAGE else None


def test_arithmetic_with_constants_of_any_shape_changes_nothing():
    for constant in (torch.ones(6), torch.ones(4, 1, 1), torch.tensor(2.0)):
        assert after(aten.mul.Tensor, IMAGE, constant) == LAYOUT
        assert after(aten.add.Tensor, constant, IMAGE) == LAYOUT


def test_a_comparison_of_two_tensors_is_no_reduction():
    assert after(aten.maximum.default, IMAGE, torch.zeros(6)) == LAYOUT
    assert after(aten.max.other, IMAGE, torch.zeros(6)) == LAYOUT


def test_a_reduction_over_positions_sees_everything():
    assert after(aten.mean.dim, IMAGE, [2, 3], True) is None
    assert after(aten.sum.dim_IntList, IMAGE, [1], True)[2:] == LAYOUT[2:]
    assert len(after(aten.sum.dim_IntList, IMAGE, [0, 1])) == 2


def test_one_position_cut_out_is_no_map():
    assert after(aten.select.int, IMAGE, 2, 0) is None
    assert after(aten.select.int, IMAGE, 1, 0) == (LAYOUT[0], *LAYOUT[2:])


def test_a_filter_made_from_the_image_ends_the_field():
    assert (
        after(aten.convolution.default, torch.ones(1, 4, 6, 6), IMAGE, None, [1, 1], [0, 0], [1, 1], False, [0, 0], 1)
        is None
    )


def test_a_product_over_positions_ends_the_field():
    rows = IMAGE.view(24, 6)
    flat = (LAYOUT[1] + LAYOUT[2], LAYOUT[3])
    find = {id(rows): flat}.get
    outputs = [rows @ torch.ones(6, 2)]
    assert layout_after(aten.mm.default, (rows, torch.ones(6, 2)), {}, outputs, lambda t: find(id(t))) is None


def test_an_unknown_operator_ends_the_field():
    assert after(aten.cumsum.default, IMAGE, 1) is None


def test_tensors_made_like_another_depend_on_nothing():
    assert aten.zeros_like in CONSTANTS
    assert aten.new_empty in CONSTANTS
    assert aten.clone not in CONSTANTS
