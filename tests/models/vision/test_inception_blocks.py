"""Tests of burnish.models.vision.inception_blocks."""

import re

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.models.image_model import Level
from burnish.models.vision.inception_blocks import (
    Concatenated,
    ConvUnit,
    chain,
    levels_of,
    middle_size,
    pooled,
    stem_for,
    stem_note,
)


def test_a_unit_convolves_normalises_and_cuts_off_in_this_order():
    unit = ConvUnit(3, 4, 3).eval()
    nn.init.uniform_(unit.bn.running_mean)
    nn.init.uniform_(unit.bn.bias)
    images = torch.randn(2, 3, 5, 5)
    expected = unit.bn(unit.conv(images))
    assert (expected < 0).any()
    assert torch.equal(unit(images), expected.clamp(min=0))


@pytest.mark.parametrize(("kernel", "padding"), [(1, (0, 0)), (5, (2, 2)), ((1, 7), (0, 3)), ((3, 1), (1, 0))])
def test_a_unit_keeps_the_size_unless_it_is_valid(kernel, padding):
    images = torch.rand(2, 3, 8, 9)
    assert ConvUnit(3, 4, kernel).conv.padding == padding
    assert ConvUnit(3, 4, kernel)(images).shape == (2, 4, 8, 9)
    assert ConvUnit(3, 4, kernel, valid=True)(images).shape == (2, 4, 8 - 2 * padding[0], 9 - 2 * padding[1])


def test_weights_start_with_the_variance_of_he():
    torch.manual_seed(0)
    weight = ConvUnit(64, 64, (1, 7)).conv.weight
    assert weight.abs().max().item() == pytest.approx((6 / (64 * 7)) ** 0.5, rel=1e-3)
    assert weight.std().item() == pytest.approx((2 / (64 * 7)) ** 0.5, rel=0.02)  # 7 standard errors


def test_a_bias_starts_at_zero_and_is_left_out_by_default():
    assert ConvUnit(3, 4, 1).conv.bias is None
    assert ConvUnit(3, 4, 1, bias=True).conv.bias.tolist() == [0.0] * 4


def test_branches_lie_side_by_side_in_the_order_given():
    block = Concatenated(second=nn.Identity(), first=nn.MaxPool2d(3, 1, 1))
    images = torch.rand(1, 2, 4, 4)
    out = block(images)
    assert [name for name, _ in block.named_children()] == ["second", "first"]
    assert torch.equal(out[:, :2], images)
    assert torch.equal(out[:, 2:], nn.functional.max_pool2d(images, 3, 1, 1))


def test_only_the_last_unit_of_a_chain_reduces():
    row = chain(8, (4, 1), (5, 3), (6, 3), reduce=True)
    assert [unit.conv.stride for unit in row] == [(1, 1), (1, 1), (2, 2)]
    assert [unit.conv.padding for unit in row] == [(0, 0), (1, 1), (0, 0)]
    assert [unit.conv.out_channels for unit in row] == [4, 5, 6]


def test_pixels_outside_the_image_do_not_count_in_the_mean():
    pool = pooled(1, 1)[0]
    image = torch.arange(9.0).reshape(1, 1, 3, 3)
    assert pool(image)[0, 0, 0, 0].item() == (0 + 1 + 3 + 4) / 4


@pytest.mark.parametrize(
    ("size", "stem"),
    [((32, 32), "small"), ((64, 64), "small"), ((65, 79), "small"), ((75, 75), "imagenet"), ((74, 300), "small")],
)
def test_auto_takes_the_small_stem_for_images_that_are_small_or_too_small(size, stem):
    assert stem_for("inception-v3", "auto", size) == stem


@pytest.mark.parametrize(("stem", "smallest"), [("imagenet", 75), ("small", 13), ("auto", 13)])
def test_images_below_the_smallest_are_refused(stem, smallest):
    assert stem_for("inception-v4", stem, (smallest, smallest)) == ("small" if stem == "auto" else stem)
    expected = f"inception-v4 needs images of at least {smallest}x{smallest}, got 300x{smallest - 1}: "
    with pytest.raises(InputError, match=re.escape(expected)):
        stem_for("inception-v4", stem, (300, smallest - 1))


def test_the_note_names_the_other_stem():
    assert stem_note("inception-v3", (32, 40)) == (
        "inception-v3 takes a stem of stride 2 for 32x40 images "
        "(stem=imagenet keeps the published one of stride 8, for 75x75 and more)"
    )


def test_the_maps_between_the_reductions_are_17_pixels_wide_at_the_published_size():
    assert middle_size("imagenet", 299) == 17
    assert middle_size("imagenet", 298) == 16
    assert middle_size("small", 28) == 6


def test_levels_halve_from_stride_2_or_from_the_image_itself():
    widths = {"a": 4, "b": 8, "c": 16}
    assert levels_of(widths, "imagenet") == (Level("a", 4, 2), Level("b", 8, 4), Level("c", 16, 8))
    assert levels_of(widths, "small") == (Level("b", 8, 1), Level("c", 16, 2))
