"""Tests of burnish.pruning.graph.rules.spatial."""

import torch
from tests.pruning.graph.ruled import Ruled

aten = torch.ops.aten


def test_pooling_keeps_channels_and_needs_every_pixel():
    done = Ruled(aten.avg_pool2d.default, torch.rand(2, 3, 4, 4), [2, 2])
    assert done.outputs[0][1] is done.inputs[0][1]
    assert done.outputs[0][2:] == (None, None)
    assert not done.free(done.inputs[0][2])


def test_patches_repeat_channels_for_each_tap():
    done = Ruled(aten.im2col.default, torch.rand(2, 3, 4, 4), [2, 2], [1, 1], [0, 0], [1, 1])
    roots = done.roots(done.inputs[0][1])
    assert done.roots(done.outputs[0][1]) == [root for root in roots for _ in range(4)]


def test_pixel_shuffle_ties_the_channels_that_become_one():
    done = Ruled(aten.pixel_shuffle.default, torch.rand(1, 8, 2, 2), 2)
    assert done.roots(done.inputs[0][1]) == [root for root in done.roots(done.outputs[0][1]) for _ in range(4)]
