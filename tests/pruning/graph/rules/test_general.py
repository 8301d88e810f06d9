"""Tests of burnish.pruning.graph.rules.general."""

import pytest
import torch
from tests.pruning.graph.equality import assert_equal_to_its_twin
from tests.pruning.graph.ruled import Ruled
from torch import nn

from burnish.pruning.graph.rules.general import labels_after

aten = torch.ops.aten


def test_sums_unite_what_lines_up_and_broadcast_what_does_not():
    done = Ruled(aten.add.Tensor, torch.rand(2, 3, 4), torch.rand(3, 1))
    (one, two), (out,) = done.inputs, done.outputs
    assert done.same(one[1], two[0])
    assert done.same(out[1], one[1])
    assert done.same(out[0], one[0])
    assert done.same(out[2], one[2])


def test_permutations_carry_channels_along():
    done = Ruled(aten.permute.default, torch.rand(2, 3, 4), [2, 0, 1])
    assert [dim.shape[1] for dim in done.outputs[0]] == [4, 2, 3]
    assert done.outputs[0][0] is done.inputs[0][2]
    done = Ruled(aten.transpose.int, torch.rand(2, 3, 4), 0, -1)
    assert done.outputs[0][2] is done.inputs[0][0]
    assert Ruled(aten.t.default, torch.rand(2, 3)).outputs[0][0].shape == (1, 3)


def test_new_strides_keep_channels_where_nothing_moves_and_no_others():
    pooled = torch.rand(2, 3, 1, 1)
    done = Ruled(aten.as_strided_.default, pooled, [2, 3, 1, 1], [3, 1, 3, 3])
    assert done.outputs[0] == done.inputs[0]
    done = Ruled(aten.as_strided_.default, torch.rand(2, 2), [2, 2], [1, 2])
    assert not done.free(done.inputs[0][0])
    assert "as_strided_" in done.call.problem


def test_images_whose_channels_lie_last_are_pooled_to_one_position():
    class ChannelsLast(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.head = nn.Conv2d(3, 8, 3), nn.Linear(8, 2)

        def forward(self, x):
            last = torch.sigmoid(self.first(x).permute(0, 2, 3, 1).contiguous())
            return self.head(nn.functional.adaptive_avg_pool2d(last.permute(0, 3, 1, 2), 1).flatten(1))

    assert not assert_equal_to_its_twin(ChannelsLast(), torch.rand(2, 3, 6, 6)).refusals


def test_what_is_expanded_follows_whatever_it_meets():
    done = Ruled(aten.expand.default, torch.rand(1, 3), [5, 3])
    assert done.free(done.outputs[0][0])
    assert done.outputs[0][1] is done.inputs[0][1]


def test_repetition_repeats_channels():
    done = Ruled(aten.repeat.default, torch.rand(3), [2])
    assert done.roots(done.outputs[0][0]) == 2 * done.roots(done.inputs[0][0])


def test_constants_follow_whatever_they_meet_and_numbers_in_order_do_not():
    assert Ruled(aten.zeros.default, [4, 5]).free(Ruled(aten.zeros.default, [4, 5]).outputs[0][0])
    assert Ruled(aten.arange.default, 5).outputs[0] == (None,)
    done = Ruled(aten.zeros_like.default, torch.rand(3, 4))
    assert done.outputs[0] == done.inputs[0]


@pytest.mark.parametrize("keepdim", [False, True])
def test_reductions_drop_the_dimension_and_leave_it_free(keepdim):
    done = Ruled(aten.mean.dim, torch.rand(2, 3, 4), [1], keepdim)
    (out,) = done.outputs
    assert out[0] is done.inputs[0][0]
    assert out[-1] is done.inputs[0][2]
    assert len(out) == 3 if keepdim else 2
    assert done.free(done.inputs[0][1])


def test_the_place_of_a_maximum_needs_every_channel():
    done = Ruled(aten.max.dim, torch.rand(2, 3), 1)
    assert not done.free(done.inputs[0][1])
    assert done.free(done.inputs[0][0])
    assert "position of the largest" in done.call.problem


@pytest.mark.parametrize("operation", [aten.cumsum.default, aten.flip.default])
def test_what_depends_on_the_order_of_channels_needs_them_all(operation):
    done = Ruled(operation, torch.rand(2, 3), 1 if operation is aten.cumsum.default else [1])
    assert not done.free(done.inputs[0][1])
    assert done.free(done.inputs[0][0])
    assert "order of channels" in done.call.problem


def test_softmax_keeps_channels():
    done = Ruled(aten._softmax.default, torch.rand(2, 3), -1, False)
    assert done.outputs[0] == done.inputs[0]


def test_an_unknown_operator_needs_everything_and_is_named():
    done = Ruled(aten.cholesky.default, torch.eye(3))
    assert not any(done.free(dim) for dim in done.inputs[0])
    assert done.call.problem == "aten.cholesky.default has no rule"
    assert done.call.refused == {("0", 0), ("0", 1)}
    assert labels_after(done.call) == [(None, None)]
