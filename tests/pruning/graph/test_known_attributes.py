"""Tests of burnish.pruning.graph.known_attributes."""

import pytest
from torch import nn

from burnish.layers.attention import MultiHeadAttention
from burnish.pruning.graph.atoms import Atoms
from burnish.pruning.graph.known_attributes import known_attributes

LAYERS = [
    nn.Linear(3, 4),
    nn.Bilinear(3, 4, 5),
    nn.Embedding(6, 3),
    nn.BatchNorm2d(3),
    nn.BatchNorm1d(3, affine=False),
    nn.PReLU(3),
    nn.MultiheadAttention(4, 2),
    nn.MultiheadAttention(4, 2, kdim=3, vdim=5),
    nn.LSTM(3, 4, 2, bidirectional=True),
    nn.LSTM(3, 6, proj_size=2),
    nn.GRUCell(3, 4),
    MultiHeadAttention(6, 2),
]


@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_every_known_number_counts_as_many_channels_as_it_says(layer):
    atoms = Atoms()
    model = nn.Sequential(layer)
    tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    weights = {name: tuple(atoms.fresh(size) for size in tensor.shape) for name, tensor in tensors.items()}
    found = list(known_attributes(model, weights))
    assert found
    for attribute in found:
        assert attribute.channels.shape[1] == getattr(model.get_submodule(attribute.module), attribute.name)


def test_a_weight_that_the_forward_does_not_use_counts_nothing():
    assert not list(known_attributes(nn.Sequential(nn.Linear(3, 4)), {}))
