"""Tests of burnish.layers.depthwise_separable."""

import pytest
import torch
import torch.nn.functional as F

from burnish.common.errors import InputError
from burnish.layers import DepthwiseSeparableConv2d
from burnish.models import count


@pytest.mark.parametrize(("kernel", "stride", "padding", "dilation"), [(3, 1, None, 1), (5, 2, 1, 1), (3, 2, None, 2)])
def test_it_is_the_convolution_with_the_composed_filters(kernel, stride, padding, dilation):
    torch.manual_seed(0)
    layer = DepthwiseSeparableConv2d(4, 6, kernel, stride, padding, dilation)
    composed = layer.pointwise.weight * layer.depthwise.weight.view(1, 4, kernel, kernel)
    bias = layer.pointwise.bias + layer.pointwise.weight.flatten(1) @ layer.depthwise.bias
    images = torch.randn(2, 4, 11, 9)
    around = dilation if padding is None else padding
    expected = F.conv2d(images, composed, bias, stride, around, dilation)
    torch.testing.assert_close(layer(images), expected, rtol=1e-5, atol=1e-5)


def test_its_cost_is_the_share_that_the_paper_states():
    images = torch.zeros(1, 32, 14, 14)
    ours = count(DepthwiseSeparableConv2d(32, 64, bias=False), images)
    dense = count(torch.nn.Conv2d(32, 64, 3, padding=1, bias=False), images)
    assert ours.parameters == 32 * 9 + 32 * 64
    assert ours.macs / dense.macs == pytest.approx(1 / 64 + 1 / 9)


@pytest.mark.parametrize("kernel", [1, 3, 5])
@pytest.mark.parametrize("dilation", [1, 3])
def test_the_size_stays_by_default(kernel, dilation):
    assert DepthwiseSeparableConv2d(2, 3, kernel, dilation=dilation)(torch.zeros(1, 2, 9, 7)).shape == (1, 3, 9, 7)


def test_normalisation_and_activation_follow_both_parts_and_replace_the_biases():
    layer = DepthwiseSeparableConv2d(4, 6, norm=True, activation="relu")
    kinds = [type(part).__name__ for part in layer]
    assert kinds == ["Conv2d", "BatchNorm2d", "ReLU"] * 2
    assert layer.depthwise.bias is None
    assert layer.pointwise.bias is None
    assert (layer.depthwise_norm.num_features, layer.pointwise_norm.num_features) == (4, 6)
    assert [type(part).__name__ for part in DepthwiseSeparableConv2d(4, 6, activation="silu")] == ["Conv2d", "SiLU"] * 2


def test_an_even_kernel_needs_a_padding():
    with pytest.raises(InputError, match="a kernel of 4 has no middle, so no padding keeps the size: give padding"):
        DepthwiseSeparableConv2d(4, 6, 4)
    assert DepthwiseSeparableConv2d(4, 6, 4, padding=1)(torch.zeros(1, 4, 8, 8)).shape == (1, 6, 7, 7)


def test_an_unknown_activation_is_named():
    with pytest.raises(InputError, match="unknown activation 'rleu'"):
        DepthwiseSeparableConv2d(4, 6, activation="rleu")
