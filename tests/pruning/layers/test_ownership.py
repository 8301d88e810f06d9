"""Tests of burnish.pruning.layers.ownership."""

import copy

from torch import nn

from burnish.models import create
from burnish.pruning.layers.ownership import Ownership
from burnish.pruning.layers.removing import remove_blocks_


def size(model):
    return sum(parameter.numel() for parameter in model.parameters())


def test_what_is_said_to_go_is_what_is_gone():
    model = create("resnet20", 10, 3, 32)
    blocks = ["layer1.0", "layer2.1", "layer3.2"]
    ownership = Ownership(model, blocks)
    for gone in (blocks[:1], blocks[1:], blocks):
        cut = copy.deepcopy(model)
        remove_blocks_(cut, gone)
        assert size(model) - size(cut) == ownership.freed(gone)
    assert ownership.freed([]) == 0


def test_parameters_that_are_tied_to_a_layer_outside_stay():
    net = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    net[1].weight = net[0].weight
    assert Ownership(net, ["0"]).freed(["0"]) == 3


def test_a_block_with_two_names_goes_whole():
    shared = nn.Linear(3, 3)
    assert Ownership(nn.Sequential(shared, shared), ["0"]).freed(["0"]) == 12
