"""Tests of burnish.models.vision.residual_blocks."""

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.models.vision.residual_blocks import BasicBlock, Bottleneck, conv3x3, death_rates, drawn_conv

BLOCKS = pytest.mark.parametrize("block", [BasicBlock, Bottleneck])


@BLOCKS
def test_a_block_whose_branch_is_dead_passes_its_input_on(block):
    unit = block(4 * block.expansion, 4, base_width=64).eval()
    nn.init.zeros_(unit.last_norm().weight)
    images = torch.rand(2, 4 * block.expansion, 5, 5)
    assert torch.equal(unit(images), images)


@BLOCKS
@pytest.mark.parametrize("side", [1, 8, 9])
def test_the_stride_rounds_up_and_the_shortcut_follows(block, side):
    unit = block(6, 4, stride=2)
    assert unit(torch.rand(2, 6, side, side)).shape == (2, 4 * block.expansion, (side + 1) // 2, (side + 1) // 2)


@BLOCKS
def test_a_dilation_reaches_further_at_the_same_size(block):
    images = torch.zeros(1, 4 * block.expansion, 9, 9)
    images[:, :, 4, 4] = 1
    for dilation, reach in ((1, 1), (2, 2)):
        unit = block(4 * block.expansion, 4, dilation=dilation)
        spread = unit.conv2(images if block is BasicBlock else images[:, :4])[0].abs().sum(dim=0)
        assert spread.nonzero().sub(4).abs().max() == reach


@BLOCKS
def test_another_maker_of_convolutions_is_used_for_every_3x3(block):
    seen = []

    def make(in_channels, out_channels, stride, groups, dilation):
        seen.append((in_channels, out_channels, stride, groups, dilation))
        return conv3x3(in_channels, out_channels, stride, groups, dilation)

    block(8, 8, stride=2, groups=1, dilation=3, conv=make)
    assert seen == ([(8, 8, 2, 1, 3), (8, 8, 1, 1, 3)] if block is BasicBlock else [(8, 8, 2, 1, 3)])


def test_groups_divide_the_3x3_convolution_and_set_its_width():
    unit = Bottleneck(64, 64, groups=32, base_width=4)
    assert unit.conv2.weight.shape == (128, 4, 3, 3)
    assert Bottleneck(64, 64, base_width=128).conv2.weight.shape == (128, 128, 3, 3)


@BLOCKS
def test_a_sample_skips_the_branch_as_often_as_the_death_rate_says(block):
    torch.manual_seed(0)
    unit = block(4 * block.expansion, 4, death_rate=0.3)
    images = torch.rand(4000, 4 * block.expansion, 1, 1)
    skipped = (unit(images) == images).flatten(1).all(dim=1)
    assert skipped.float().mean().item() == pytest.approx(0.3, abs=0.03)  # 4 standard errors
    assert not (unit.eval()(images) == images).flatten(1).all(dim=1).any()


def test_death_rates_rise_to_the_last_block():
    assert death_rates(0.5, 54)[0] == pytest.approx(0.5 / 54)
    assert death_rates(0.5, 54)[26] == pytest.approx(0.25)
    assert death_rates(0.5, 54)[-1] == 0.5
    assert death_rates(0.0, 2) == [0.0, 0.0]


@pytest.mark.parametrize("rate", [-0.1, 1.0])
def test_a_death_rate_outside_its_range_is_refused(rate):
    with pytest.raises(InputError, match=rf"stochastic_depth must lie in \[0, 1\), got {rate}"):
        death_rates(rate, 4)


def test_weights_are_drawn_with_the_variance_of_he_from_the_outputs():
    torch.manual_seed(0)
    weight = drawn_conv(16, 256, 3, 1).weight
    assert weight.std().item() == pytest.approx((2 / (256 * 9)) ** 0.5, rel=0.02)  # 4 standard errors
    assert abs(weight.mean().item()) < 1e-3
