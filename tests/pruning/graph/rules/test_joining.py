"""Tests of burnish.pruning.graph.rules.joining."""

import torch
from tests.pruning.graph.ruled import Ruled

from burnish.pruning.graph.rules.joining import JOINING

aten = torch.ops.aten


def test_concatenated_channels_lie_one_after_the_other():
    done = Ruled(aten.cat.default, [torch.rand(2, 3), torch.rand(2, 4)], 1)
    (one, two), (out,) = done.inputs, done.outputs
    assert done.roots(out[1]) == done.roots(one[1]) + done.roots(two[1])
    assert done.same(one[0], two[0])


def test_stacked_tensors_have_the_same_channels():
    done = Ruled(aten.stack.default, [torch.rand(3), torch.rand(3)], 1)
    assert done.same(done.inputs[0][0], done.inputs[1][0])
    assert done.outputs[0][1] is None


def test_a_slice_has_its_part_of_the_channels_and_says_where_it_starts():
    done = Ruled(aten.slice.Tensor, torch.rand(2, 6), 1, 2, 5)
    assert done.roots(done.outputs[0][1]) == done.roots(done.inputs[0][1])[2:5]
    ((name, _, before),) = done.call.expected
    assert (name, before.shape[1]) == ("start", 2)


def test_a_slice_with_a_step_needs_every_channel():
    done = Ruled(aten.slice.Tensor, torch.rand(6), 0, 0, 6, 2)
    assert not done.free(done.inputs[0][0])


def test_a_channel_that_is_selected_by_number_needs_all():
    done = Ruled(aten.select.int, torch.rand(2, 3), 1, 0)
    assert not done.free(done.inputs[0][1])
    assert done.outputs[0] == (done.inputs[0][0],)
    done = Ruled(aten.unbind.int, torch.rand(2, 3), 0)
    assert not done.free(done.inputs[0][0])
    assert done.outputs == [(done.inputs[0][1],)] * 2


def test_pieces_of_one_size_lose_the_same_channels_and_pieces_of_given_sizes_do_not():
    done = Ruled(aten.split.Tensor, torch.rand(6), 3)
    roots = done.roots(done.inputs[0][0])
    assert roots[:3] == roots[3:]
    done = Ruled(aten.split_with_sizes.default, torch.rand(6), [3, 3])
    assert len(set(done.roots(done.inputs[0][0]))) == 6


def test_a_smaller_last_piece_is_refused():
    done = Ruled(aten.split.Tensor, torch.rand(7), 3)
    assert not done.free(done.inputs[0][0])
    assert "the last piece is smaller" in done.call.problem


def test_padding_adds_channels_on_both_sides():
    done = Ruled(aten.constant_pad_nd.default, torch.rand(2, 3), [1, 2], 0.0)
    out = done.roots(done.outputs[0][1])
    assert out[1:4] == done.roots(done.inputs[0][1])
    assert len(set(out)) == 6
    assert [(place, dim.shape[1]) for _, place, dim in done.call.expected] == [(0, 1), (1, 2)]


def test_a_table_keeps_its_rows_and_gives_its_columns():
    done = Ruled(aten.embedding.default, torch.rand(5, 3), torch.tensor([[0, 1]]))
    assert not done.free(done.inputs[0][0])
    assert done.outputs[0][2] is done.inputs[0][1]
    done = Ruled(aten.index.Tensor, torch.rand(5, 3), [torch.tensor([0, 1, 1])])
    assert not done.free(done.inputs[0][0])
    assert done.outputs[0][1] is done.inputs[0][1]
    done = Ruled(aten.index_select.default, torch.rand(5, 3), 1, torch.tensor([0, 2]))
    assert not done.free(done.inputs[0][1])
    assert done.outputs[0][0] is done.inputs[0][0]


def test_indices_apart_from_each_other_come_first():
    done = Ruled(aten.index.Tensor, torch.rand(2, 3, 4), [torch.tensor([0]), None, torch.tensor([1])])
    assert done.outputs[0][1] is done.inputs[0][1]
    assert aten.cat in JOINING
