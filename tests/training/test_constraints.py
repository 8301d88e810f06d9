"""Tests of burnish.training.constraints."""

import math

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.training.constraints import MaxNorm, max_norm_


def test_units_above_the_limit_are_scaled_and_the_others_left_alone():
    layer = nn.Linear(4, 50)
    nn.init.normal_(layer.weight)
    before, bias = layer.weight.detach().clone(), layer.bias.detach().clone()
    norms = before.norm(dim=1)
    assert (norms > 2).any()
    assert (norms < 2).any()
    max_norm_(layer, 2.0)
    assert (layer.weight.norm(dim=1) <= 2 * (1 + 1e-6)).all()
    assert torch.equal(layer.weight[norms < 2], before[norms < 2])
    direction = nn.functional.cosine_similarity(layer.weight, before)
    torch.testing.assert_close(direction, torch.ones(50))
    assert torch.equal(layer.bias, bias)


def test_it_equals_renorm_of_torch_for_convolutions():
    layer = nn.Conv2d(6, 8, 3, groups=2)
    nn.init.normal_(layer.weight)
    expected = torch.renorm(layer.weight.detach(), 2, 0, 3.0)
    max_norm_(layer, 3.0)
    torch.testing.assert_close(layer.weight.detach(), expected)


@pytest.mark.parametrize("groups", [1, 3])
def test_a_unit_of_a_transposed_convolution_is_an_output_channel(groups):
    layer = nn.ConvTranspose2d(6, 12, 3, groups=groups, bias=False)
    nn.init.normal_(layer.weight)
    channel = 7
    x = torch.randn(1, 6, 5, 5)
    with torch.no_grad():
        before = layer(x)
        per_group = 12 // groups
        rows = slice(None) if groups == 1 else slice(2 * (channel // per_group), 2 * (channel // per_group) + 2)
        others = layer.weight.clone()
        others[rows, channel % per_group] *= 0.0
        limit = 1.01 * max(
            others[i * 6 // groups : (i + 1) * 6 // groups, j].norm().item()
            for i in range(groups)
            for j in range(per_group)
        )
        layer.weight[rows, channel % per_group] *= 100
        max_norm_(layer, limit)
        after = layer(x)
    assert layer.weight[rows, channel % per_group].norm().item() == pytest.approx(limit, rel=1e-5)
    untouched = [i for i in range(12) if i != channel]
    assert torch.equal(before[:, untouched], after[:, untouched])


def test_recurrent_rows_are_units_and_embeddings_and_normalisation_are_not():
    model = nn.ModuleDict(
        {"e": nn.Embedding(5, 4), "n": nn.LayerNorm([3, 4]), "r": nn.LSTM(4, 3), "o": nn.Linear(3, 2)}
    )
    for parameter in model.parameters():
        nn.init.constant_(parameter, 5.0)
    max_norm_(model, 1.0)
    assert model["e"].weight.unique().tolist() == [5.0]
    assert model["n"].weight.unique().tolist() == [5.0]
    for weight in (model["r"].weight_ih_l0, model["r"].weight_hh_l0, model["o"].weight):
        torch.testing.assert_close(weight.norm(dim=1), torch.ones(len(weight)))
    assert model["r"].bias_ih_l0.unique().tolist() == [5.0]


def test_units_of_zeros_stay_zero():
    layer = nn.Linear(3, 2)
    nn.init.zeros_(layer.weight)
    max_norm_(layer, 1.0)
    assert torch.equal(layer.weight, torch.zeros(2, 3))


def test_no_graph_and_no_gradient_is_left_behind():
    layer = nn.Linear(3, 2)
    layer(torch.ones(1, 3)).sum().backward()
    gradient = layer.weight.grad.clone()
    constraint = MaxNorm(layer, 0.1)
    constraint()
    assert layer.weight.is_leaf
    assert layer.weight.requires_grad
    assert torch.equal(layer.weight.grad, gradient)


@pytest.mark.parametrize("limit", [0.0, -1.0, math.nan, math.inf])
def test_a_limit_out_of_range_is_named(limit):
    with pytest.raises(InputError, match=f"max_norm must be above 0, got {limit}"):
        max_norm_(nn.Linear(2, 1), limit)


def test_a_model_without_units_is_refused():
    with pytest.raises(InputError, match="no linear, recurrent or convolutional weights"):
        max_norm_(nn.Embedding(3, 2), 1.0)
