"""Tests of burnish.pruning.graph.rules.layers."""

import pytest
import torch
from tests.pruning.graph.equality import assert_equal_to_its_twin
from tests.pruning.graph.ruled import Ruled
from torch import nn

from burnish.pruning.graph.rules.layers import LAYERS

aten = torch.ops.aten


def convolved(inputs, outputs, groups=1, transposed=False):
    weight = torch.rand(inputs, outputs // groups, 1, 1) if transposed else torch.rand(outputs, inputs // groups, 1, 1)
    arguments = ([1, 1], [0, 0], [1, 1], transposed, [0, 0], groups)
    return Ruled(aten.convolution.default, torch.rand(2, inputs, 3, 3), weight, torch.rand(outputs), *arguments)


@pytest.mark.parametrize("transposed", [False, True])
def test_a_convolution_reads_one_side_of_its_weight_and_makes_the_other(transposed):
    done = convolved(4, 6, transposed=transposed)
    image, weight, bias = done.inputs
    entering, leaving = (0, 1) if transposed else (1, 0)
    assert done.same(image[1], weight[entering])
    assert done.same(done.outputs[0][1], weight[leaving])
    assert done.same(bias[0], weight[leaving])
    assert not done.free(image[2])


@pytest.mark.parametrize("transposed", [False, True])
def test_many_narrow_groups_go_whole(transposed):
    done = convolved(8, 12, groups=4, transposed=transposed)
    image, weight, bias = done.inputs
    roots = done.roots(image[1])
    assert [roots.count(root) for root in dict.fromkeys(roots)] == [2] * 4
    assert [root for root in dict.fromkeys(roots) for _ in range(3)] == done.roots(bias[0])
    assert done.roots(weight[1]) is None
    assert ("groups", 4) in [(name, dim.shape[1]) for name, _, dim in done.call.attributes if dim is not None]


@pytest.mark.parametrize("transposed", [False, True])
def test_few_wide_groups_lose_one_channel_each(transposed):
    done = convolved(8, 12, groups=2, transposed=transposed)
    image, weight, bias = done.inputs
    roots, made = done.roots(image[1]), done.roots(bias[0])
    assert roots[:4] == roots[4:]
    assert made[:6] == made[6:]
    assert not set(roots) & set(made)
    assert done.roots(weight[1]) == (made[:6] if transposed else roots[:4])


def test_every_channel_of_a_depthwise_convolution_goes_with_its_input():
    done = convolved(5, 5, groups=5)
    assert done.same(done.inputs[0][1], done.outputs[0][1])
    assert len(set(done.roots(done.outputs[0][1]))) == 5


def test_a_product_with_a_weight_sums_over_free_channels_and_one_of_activations_does_not():
    done = Ruled(aten.addmm.default, torch.rand(4), torch.rand(2, 3), torch.rand(3, 4))
    bias, left, right = done.inputs
    assert done.same(left[1], right[0])
    assert done.same(done.outputs[0][1], bias[0])
    done = Ruled(aten.bmm.default, torch.rand(5, 2, 3), torch.rand(5, 3, 4), live=True)
    assert not done.free(done.inputs[0][2])
    assert done.free(done.outputs[0][0])
    assert done.same(done.inputs[0][0], done.inputs[1][0])


def test_batch_normalisation_is_of_one_channel_each():
    tensors = (torch.rand(2, 3, 4), *(torch.rand(3) for _ in range(4)))
    done = Ruled(aten.native_batch_norm.default, *tensors, False, 0.1, 1e-5)
    assert all(done.same(done.inputs[0][1], statistics[0]) for statistics in done.inputs[1:])
    assert not done.free(done.inputs[0][2])


def test_layer_normalisation_has_the_channels_of_its_weights():
    done = Ruled(aten.native_layer_norm.default, torch.rand(2, 3), [3], torch.rand(3), torch.rand(3), 1e-5)
    assert done.same(done.inputs[0][1], done.inputs[1][0])
    assert [(name, place) for name, place, _ in done.call.attributes] == [("normalized_shape", 0)]


@pytest.mark.parametrize(("groups", "kinds"), [(1, 6), (3, 3), (2, 3), (6, 6)])
def test_group_normalisation_loses_what_leaves_most_to_choose_from(groups, kinds):
    image = torch.rand(2, 6, 4)
    done = Ruled(aten.native_group_norm.default, image, torch.rand(6), torch.rand(6), 2, 6, 4, groups, 1e-5)
    assert len(set(done.roots(done.inputs[0][1]))) == kinds
    assert done.same(done.inputs[0][1], done.inputs[1][0])


def test_a_gate_goes_with_what_it_gates():
    done = Ruled(aten.glu.default, torch.rand(2, 6))
    roots = done.roots(done.inputs[0][1])
    assert roots[:3] == roots[3:] == done.roots(done.outputs[0][1])


def test_attention_keeps_the_width_of_heads_and_frees_heads():
    query = torch.rand(2, 3, 4, 8)
    done = Ruled(aten._scaled_dot_product_flash_attention_for_cpu.default, query, query.clone(), query.clone())
    assert done.same(done.inputs[0][1], done.inputs[1][1])
    assert done.same(done.inputs[0][1], done.outputs[0][1])
    assert not done.free(done.inputs[0][3])
    assert done.free(done.outputs[0][3])
    assert aten.mm in LAYERS


@pytest.mark.parametrize(("groups", "count", "granularity"), [(4, 8, 4), (8, 4, 8), (16, 16, 2), (32, 32, 1)])
def test_one_channel_of_every_group_goes_and_of_narrow_groups_the_whole(groups, count, granularity):
    layers = nn.Conv2d(3, 32, 1), nn.Conv2d(32, 32, 3, groups=groups, padding=1), nn.Conv2d(32, 2, 1)
    graph = assert_equal_to_its_twin(nn.Sequential(*layers), torch.rand(2, 3, 6, 6))
    assert (count, granularity) in {(group.count, group.granularity) for group in graph.groups()}
