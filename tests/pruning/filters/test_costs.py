"""Tests of burnish.pruning.filters.costs."""

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.models import count
from burnish.pruning.filters.costs import cost


def network(width=8):
    return nn.Sequential(nn.Conv2d(3, width, 3), nn.BatchNorm2d(width), nn.Flatten(), nn.LazyLinear(2)).eval()


def test_each_cost_is_what_it_says():
    net, example = network(), torch.zeros(1, 3, 8, 8)
    net(example)
    assert cost(net, example, "parameters") == sum(p.numel() for p in net.parameters())
    assert cost(net, example, "macs") == count(net, example).macs == 8 * 27 * 36 + 288 * 2
    assert cost(net, example, "size") == 4 * (224 + 16 + 16 + 578) + 8
    assert cost(net, example, "latency") > 0


def test_an_unknown_cost_is_refused():
    with pytest.raises(InputError, match=r"unknown cost 'flops'"):
        cost(nn.Linear(1, 1), torch.zeros(1, 1), "flops")
