import pytest
import torch
from tests.pruning.weights.networks import mlp
from torch import nn

from burnish.pruning.weights.mask import bake_
from burnish.pruning.weights.sparsify import sparsify_
from burnish.pruning.weights.sparsity import measure_sparsity


def test_masked_and_baked_models_count_the_same():
    model = mlp()
    found = sparsify_(model, 0.7)
    assert measure_sparsity(model) == found
    bake_(model)
    assert measure_sparsity(model) == found


def test_shares_are_of_the_weights_and_of_all_parameters():
    model = nn.Sequential(nn.Linear(4, 5), nn.Linear(5, 2, bias=False))
    model[0].weight.data.fill_(1.0)
    model[1].weight.data.copy_(torch.tensor([[0.0, 1, 0, 1, 1], [1, 1, 1, 1, 0]]))
    found = measure_sparsity(model)
    assert (found.weights, found.removed, found.parameters) == (30, 3, 35)
    assert found.sparsity == pytest.approx(0.1)
    assert found.of_parameters == pytest.approx(3 / 35)
    assert [layer.sparsity for layer in found.layers] == [0.0, 0.3]
    assert measure_sparsity(model, ignore=["0"]).sparsity == pytest.approx(0.3)


def test_the_table_has_a_line_a_layer_and_a_total():
    text = str(sparsify_(mlp(), 0.5, scope="layer"))
    assert text.splitlines() == [
        "0.weight   50.00%  48 of 96",
        "3.weight   50.00%  24 of 48",
        "total      50.00%  72 of 144",
    ]
