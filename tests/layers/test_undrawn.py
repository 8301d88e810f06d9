"""Tests of burnish.layers.undrawn."""

import torch
from torch import nn

from burnish.layers.undrawn import undrawn


def test_the_random_state_is_not_touched():
    before = torch.get_rng_state()
    layer = undrawn(nn.Conv2d, 3, 8, kernel_size=3, bias=False)
    assert torch.equal(torch.get_rng_state(), before)
    assert layer.weight.shape == (8, 3, 3, 3)
    assert layer.weight.device.type == "cpu"


def test_the_surrounding_device_is_kept():
    with torch.device("meta"):
        assert undrawn(nn.Linear, 2, 3).weight.device.type == "meta"
