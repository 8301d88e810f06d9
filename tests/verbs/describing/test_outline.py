"""Tests of burnish.verbs.describing.outline."""

import torch
from torch import nn

from burnish.models import count, create
from burnish.verbs.describing.outline import deepest, outline, readable_depth


def counted(name, side):
    with torch.device("meta"):
        return count(create(name), torch.zeros(1, 3, side, side))


def test_what_lies_deeper_is_summed_up_in_its_container():
    counts = counted("resnet20", 32)
    rows = outline(counts, 1)
    assert [row.name for row in rows] == ["conv1", "bn1", "relu", "layer1", "layer2", "layer3", "linear"]
    for depth in (1, 2, 3):
        rows = outline(counts, depth)
        assert sum(row.parameters for row in rows) == counts.parameters
        assert sum(row.macs for row in rows) == counts.macs
        assert sum(row.activation_bytes for row in rows) == counts.activation_bytes
    assert outline(counts, 3) == outline(counts) == counts.layers
    assert deepest(counts) == 3


class Listed(nn.Module):
    """A list that never runs itself, and one that training alone would run."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(2))
        self.blocks = nn.ModuleList(nn.Sequential(nn.Linear(2, 2), nn.ReLU()) for _ in range(2))
        self.heads = nn.ModuleList([nn.Linear(2, 3)])

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x * self.scale


def test_a_list_of_modules_is_no_level_of_its_own():
    counts = count(Listed(), torch.zeros(1, 2))
    assert [row.name for row in outline(counts, 1)] == ["", "blocks.0", "blocks.1", "heads"]
    assert [row.type for row in outline(counts, 1)] == ["Listed", "Sequential", "Sequential", "ModuleList"]
    assert outline(counts, 1)[0].parameters == 2
    assert [row.name for row in outline(counts, 2)][-3:] == ["blocks.1.0", "blocks.1.1", "heads.0"]


def test_a_readable_depth_opens_as_much_as_fits():
    assert readable_depth(counted("lenet5", 32)) is None
    counts = counted("resnet20", 32)
    assert readable_depth(counts) == 2
    assert readable_depth(counts, most=8) == 1
    assert readable_depth(counts, most=2) == 1
    assert readable_depth(counts, most=100) is None
