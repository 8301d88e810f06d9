"""Tests of burnish.models.vision.preactivation_blocks."""

import pytest
import torch
from torch import nn

from burnish.models.vision.preactivation_blocks import PreActivationBasicBlock, PreActivationBottleneck

BLOCKS = pytest.mark.parametrize("block", [PreActivationBasicBlock, PreActivationBottleneck])


def last_conv(unit):
    return unit.conv2 if isinstance(unit, PreActivationBasicBlock) else unit.conv3


@BLOCKS
def test_what_goes_around_the_branch_is_untouched(block):
    unit = block(4 * block.expansion, 4)
    nn.init.zeros_(last_conv(unit).weight)
    images = torch.randn(2, 4 * block.expansion, 5, 5)  # negative values would not survive an activation
    assert torch.equal(unit(images), images)


@BLOCKS
def test_a_new_shape_is_projected_from_the_activated_input(block):
    unit = block(6, 4, stride=2).eval()
    nn.init.zeros_(last_conv(unit).weight)
    images = torch.randn(2, 6, 5, 5)
    with torch.no_grad():
        expected = nn.functional.conv2d(unit.norm1(images).relu(), unit.downsample.conv.weight, stride=2)
        torch.testing.assert_close(unit(images), expected)


@BLOCKS
def test_the_input_is_not_changed(block):
    unit, images = block(4 * block.expansion, 4), torch.randn(2, 4 * block.expansion, 5, 5)
    before = images.clone()
    unit(images)
    assert torch.equal(images, before)


def test_the_stride_of_a_bottleneck_is_that_of_its_3x3_convolution():
    unit = PreActivationBottleneck(8, 4, stride=2)
    assert (unit.conv1.stride, unit.conv2.stride, unit.conv3.stride) == ((1, 1), (2, 2), (1, 1))


def test_dropout_lies_between_the_convolutions():
    torch.manual_seed(0)
    unit, images, seen = PreActivationBasicBlock(4, 4, dropout=0.5), torch.randn(50, 4, 9, 9), []
    unit.conv2.register_forward_pre_hook(lambda module, arguments: seen.append(arguments[0]))
    for mode in (True, False):
        unit.train(mode)(images)
    # An activation leaves half of the normalised values, dropout half of those.
    assert (seen[0] > 0).float().mean().item() == pytest.approx(0.25, abs=0.02)
    assert (seen[1] > 0).float().mean().item() > 0.4
