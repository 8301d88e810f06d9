"""Tests of burnish.models.vision.googlenet_blocks."""

import pytest
import torch
from torch import nn

from burnish.models.vision.googlenet_blocks import AuxiliaryHead, Inception
from burnish.models.vision.inception_blocks import ConvUnit


@pytest.mark.parametrize("large", [3, 5])
def test_branches_lie_side_by_side_in_the_order_of_the_table(large):
    block = Inception(6, (2, 3, 4, 5, 1, 7), ConvUnit, large).eval()
    maps = torch.randn(2, 6, 9, 9)
    out = block(maps)
    assert out.shape == (2, 2 + 4 + 1 + 7, 9, 9)
    places = ((0, 2), (2, 6), (6, 7), (7, 14))
    branches = (block.branch1, block.branch2, block.branch3, block.branch4)
    for (first, last), branch in zip(places, branches, strict=True):
        assert torch.equal(out[:, first:last], branch(maps))
    assert block.branch3[1].conv.kernel_size == (large, large)
    assert block.branch1.bn.eps == 1e-3
    assert block.branch1.conv.bias is None
    assert out.min() == 0


def test_an_auxiliary_head_classifies_what_its_pool_leaves():
    head = AuxiliaryHead(6, 5, nn.AdaptiveAvgPool2d(4), ConvUnit)
    assert head.dropout.p == 0.7
    assert head(torch.randn(2, 6, 14, 14)).shape == head(torch.randn(2, 6, 3, 3)).shape == (2, 5)
