"""Tests of burnish.models.vision.inception_v3_blocks."""

import pytest
import torch
import torch.nn.functional as F

from burnish.models.vision.inception_v3_blocks import AuxiliaryHead, BlockA, BlockB, BlockC, BlockD, BlockE


@pytest.mark.parametrize(
    ("block", "out_channels", "side"),
    [
        (BlockA(24, 32), 256, 7),
        (BlockB(24), 504, 3),
        (BlockC(24, 16), 768, 7),
        (BlockD(24), 536, 3),
        (BlockE(24), 2048, 7),
    ],
    ids="ABCDE",
)
def test_a_block_gives_the_channels_of_its_branches(block, out_channels, side):
    assert block(torch.rand(2, 24, 7, 7)).shape == (2, out_channels, side, side)


@pytest.mark.parametrize("block", [BlockB(8), BlockD(8)], ids="BD")
def test_a_reduction_passes_the_maxima_on_in_its_last_channels(block):
    maps = torch.rand(2, 8, 9, 9)
    assert torch.equal(block(maps)[:, -8:], F.max_pool2d(maps, 3, 2))


@pytest.mark.parametrize("block", [BlockA(8, 32), BlockC(8, 16), BlockE(8)], ids="ACE")
def test_zeros_outside_the_image_count_in_the_mean(block):
    assert block.pool(torch.ones(1, 1, 3, 3))[0, 0, 0, 0].item() == pytest.approx(4 / 9)


def test_the_auxiliary_head_pools_by_the_published_windows_where_they_fit():
    torch.manual_seed(0)
    head = AuxiliaryHead(8, 5).eval()
    maps = torch.rand(2, 8, 17, 17)
    seen = []
    head.conv0.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    assert head(maps).shape == (2, 5)
    assert torch.equal(seen[0], F.avg_pool2d(maps, 5, 3))


@pytest.mark.parametrize("size", [(16, 16), (7, 7), (2, 2), (1, 1), (40, 6)])
def test_smaller_maps_are_averaged_to_5x5(size):
    head = AuxiliaryHead(8, 5).eval()
    maps = torch.rand(2, 8, *size)
    seen = []
    head.conv0.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    assert head(maps).shape == (2, 5)
    assert torch.equal(seen[0], F.adaptive_avg_pool2d(maps, (5, 5)))
