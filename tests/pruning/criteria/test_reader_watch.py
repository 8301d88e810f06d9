"""Tests of burnish.pruning.criteria.reader_watch."""

import pytest
import torch
import torch.nn.functional as F

from burnish.pruning.criteria.reader_watch import ReaderWatch

WAYS = {
    "linear": ((2, 4), 1, lambda x, w: F.linear(x, w)),
    "linear with a bias": ((2, 4), 1, lambda x, w: F.linear(x, w, torch.ones(2))),
    "product": ((4, 2), 0, lambda x, w: x @ w),
    "vector": ((4,), 0, lambda x, w: x @ w),
    "transposed": ((2, 4), 1, lambda x, w: x @ w.T),
    "from the left": ((2, 4), 1, lambda x, w: w @ x.flatten(0, -2).T),
    "einsum": ((4, 2), 0, lambda x, w: torch.einsum("...i,io->...o", x, w)),
    "half of a weight": ((4, 6), 0, lambda x, w: x @ w[:, 3:]),
    "convolution": ((2, 4, 1), 1, lambda x, w: F.conv1d(x.movedim(-1, 1), w)),
    "transposed convolution": ((4, 2, 1), 0, lambda x, w: F.conv_transpose1d(x.movedim(-1, 1), w)),
}


@pytest.mark.parametrize("name", WAYS)
def test_what_is_read_is_seen_however_it_is_read(name):
    torch.manual_seed(0)
    shape, dim, way = WAYS[name]
    weight, inputs = torch.randn(shape), torch.randn(3, 5, 4)
    with torch.no_grad(), ReaderWatch({("w", dim): weight}, torch.abs) as watch:
        output = way(inputs, weight)
    assert torch.equal(output, way(inputs, weight))
    torch.testing.assert_close(watch.sums["w", dim], inputs.double().abs().sum(dim=(0, 1)))
    assert watch.rows["w", dim] == 15


def test_a_dimension_that_is_not_read_from_is_not_seen():
    weight = torch.randn(4, 4)
    with ReaderWatch({("w", 0): weight}, torch.abs) as watch:
        F.linear(torch.randn(3, 4), weight)
    assert watch.sums == {}
    assert watch.touched == {("w", 0)}


def test_weights_that_share_memory_are_told_apart():
    memory = torch.randn(32)
    one, two = memory[:16].view(4, 4), memory[16:].view(4, 4)
    with ReaderWatch({("one", 1): one, ("two", 1): two}, torch.abs) as watch:
        F.linear(torch.ones(3, 4), two)
    assert list(watch.sums) == [("two", 1)]


def test_a_weight_that_is_not_used_is_not_touched():
    with ReaderWatch({("w", 1): torch.randn(2, 4)}, torch.abs) as watch:
        F.linear(torch.ones(3, 4), torch.ones(2, 4))
    assert watch.touched == set()
    assert watch.rows == {}
