"""Tests of burnish.layers.squeeze_excite."""

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.layers.squeeze_excite import SqueezeExcite


def test_it_is_the_formula_of_the_paper():
    torch.manual_seed(0)
    layer, x = SqueezeExcite(6, 2), torch.randn(3, 6, 4, 5)
    w1, w2 = layer.fc1.weight[:, :, 0, 0], layer.fc2.weight[:, :, 0, 0]
    hidden = (x.mean(dim=(2, 3)) @ w1.T + layer.fc1.bias).relu()
    scale = (hidden @ w2.T + layer.fc2.bias).sigmoid()
    torch.testing.assert_close(layer(x), x * scale[:, :, None, None])


def test_the_gate_sees_averages_not_places():
    torch.manual_seed(0)
    layer, x = SqueezeExcite(6, 2), torch.randn(1, 6, 4, 4)
    torch.testing.assert_close(layer(x.flip(2, 3)), layer(x).flip(2, 3))


def test_activation_and_gate_are_choices():
    torch.manual_seed(0)
    layer, x = SqueezeExcite(4, 2, activation=nn.SiLU, gate=nn.Hardsigmoid), torch.rand(2, 4, 3, 3)
    assert isinstance(layer.activation, nn.SiLU)
    nn.init.constant_(layer.fc2.bias, 100.0)
    assert torch.equal(layer(x), x)
    nn.init.constant_(layer.fc2.bias, -100.0)
    assert torch.equal(layer(x), torch.zeros_like(x))


def test_it_keeps_channels_last():
    x = torch.rand(2, 8, 5, 5).to(memory_format=torch.channels_last)
    assert SqueezeExcite(8, 2)(x).is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(("channels", "squeezed"), [(0, 4), (16, 0)])
def test_a_width_below_1_is_refused(channels, squeezed):
    with pytest.raises(InputError, match=f"channels and squeezed must be at least 1, got {channels} and {squeezed}"):
        SqueezeExcite(channels, squeezed)
