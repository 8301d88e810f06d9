"""Tests of burnish.models.vision.mobile_blocks."""

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.models.image_model import Level
from burnish.models.vision.mobile_blocks import (
    adapted_strides,
    check_width,
    conv_norm,
    convolution,
    divisible,
    pyramid_levels,
    stage_names,
)


@pytest.mark.parametrize(
    ("channels", "expected"),
    [(3, 8), (8, 8), (11.9, 16), (12, 16), (10, 16), (16.8, 16), (17.6, 16), (18, 24), (35.2, 32), (352, 352)],
)
def test_widths_are_multiples_of_8_that_lose_less_than_a_tenth(channels, expected):
    assert divisible(channels) == expected


def test_a_depthwise_convolution_keeps_the_scale_of_its_input():
    torch.manual_seed(0)
    depthwise, dense = convolution(512, 512, 3, groups=512), convolution(64, 128, 3)
    assert depthwise.weight.std().item() == pytest.approx((2 / 9) ** 0.5, rel=0.04)  # 4 standard errors
    assert dense.weight.std().item() == pytest.approx((2 / (9 * 128)) ** 0.5, rel=0.02)
    assert depthwise.bias is None


def test_a_layer_is_convolution_normalisation_activation_in_place():
    layer = conv_norm(3, 8, 5, 2, activation=nn.ReLU6, norm=lambda width: nn.BatchNorm2d(width, eps=1e-3))
    assert [type(part) for part in layer] == [nn.Conv2d, nn.BatchNorm2d, nn.ReLU6]
    assert layer[1].eps == 1e-3
    assert layer[2].inplace
    assert layer(torch.rand(2, 3, 9, 10)).shape == (2, 8, 5, 5)
    assert len(conv_norm(3, 8, activation=None)) == 2


@pytest.mark.parametrize(
    ("stem", "size", "small"),
    [("auto", (32, 32), True), ("auto", (65, 64), False), ("small", (224, 224), True), ("imagenet", (32, 32), False)],
)
def test_small_images_lose_the_first_two_strides_and_it_says_so(stem, size, small):
    strides, notes = adapted_strides("net", (2, 1, 2, 2, 1), stem, size)
    assert strides == ((1, 1, 1, 2, 1) if small else (2, 1, 2, 2, 1))
    said = f"net leaves out its first two strides for {size[0]}x{size[1]} images (stem=imagenet keeps them)"
    assert notes == ((said,) if small else ())


def test_levels_are_the_deepest_layer_at_each_resolution():
    taps, levels = pyramid_levels((2, 1, 2, 1), (8, 16, 24, 32), ("stem", "stage1", "stage2", "final"))
    assert taps == (1, 3)
    assert levels == (Level("stage1", 16, 2), Level("final", 32, 4))


def test_a_stage_holds_its_layers_in_order():
    assert stage_names(("stem", "stage1", "stage1")) == {
        "stem": ("features.0",),
        "stage1": ("features.1", "features.2"),
    }


@pytest.mark.parametrize("width", [0, -1.0, float("nan")])
def test_a_width_that_is_not_positive_is_refused(width):
    with pytest.raises(InputError, match=f"width must be greater than 0, got {width}"):
        check_width(width)
