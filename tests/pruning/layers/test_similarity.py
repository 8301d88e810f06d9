"""Tests of burnish.pruning.layers.similarity."""

import math

import pytest
import torch
from tests.pruning.layers.residual_nets import batches, trained
from torch import nn

from burnish.common.errors import InputError
from burnish.pruning.criteria.calibration import Calibration
from burnish.pruning.layers.block import Block
from burnish.pruning.layers.finding import removable_blocks
from burnish.pruning.layers.similarity import similarity


class Turn(nn.Module):
    """Turn points of the plane by an angle, and stretch them."""

    def __init__(self, degrees, factor=1.0):
        super().__init__()
        c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        self.weight = nn.Parameter(factor * torch.tensor([[c, s], [-s, c]]))

    def forward(self, x):
        return x @ self.weight


def block(name):
    return Block(name, "", 0, (), False)


@pytest.mark.parametrize("degrees", [0, 30, 90, 180])
def test_a_turn_scores_one_minus_its_cosine_whatever_it_stretches(degrees):
    net = nn.Sequential(Turn(degrees, 3.0), nn.Linear(2, 1))
    found = similarity(net, [block("0")], Calibration([(torch.randn(5, 2), None)]))
    assert found["0"] == pytest.approx(1 - math.cos(math.radians(degrees)), abs=1e-6)


def test_it_is_the_mean_over_all_samples_of_all_batches():
    net = nn.Sequential(nn.Linear(2, 2, bias=False))
    nn.init.constant_(net[0].weight, 1.0)
    first, second = torch.tensor([[1.0, 1.0], [1.0, 0.0]]), torch.tensor([[1.0, -1.0]])
    found = similarity(net, [block("0")], Calibration([(first, None), (second, None)]))
    assert found["0"] == pytest.approx(1 - (1 + math.sqrt(0.5) + 0) / 3, abs=1e-6)


def test_of_sequences_it_is_the_cosine_of_tokens_and_of_maps_that_of_samples():
    received = torch.tensor([[[1.0, 0.0], [0.0, 2.0]]])
    net = nn.Sequential(nn.Linear(2, 2, bias=False))
    net[0].weight.data = torch.tensor([[1.0, 0.0], [0.0, 0.0]])  # the first token stays, the second is gone
    assert similarity(net, [block("0")], Calibration([(received, None)]))["0"] == pytest.approx(0.5)
    as_map = received.view(1, 1, 2, 2)
    expected = 1 - 1 / math.sqrt(5)
    assert similarity(net, [block("0")], Calibration([(as_map, None)]))["0"] == pytest.approx(expected)


def test_a_block_that_writes_over_its_input_is_compared_with_what_came_in():
    class InPlace(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.tensor([[1.0, 0.0]]))

        def forward(self, x):
            return x.mul_(self.weight)

    net = nn.Sequential(nn.Identity(), InPlace())
    found = similarity(net, [block("1")], Calibration([(torch.ones(1, 2), None)]))
    assert found["1"] == pytest.approx(1 - math.sqrt(0.5))


@pytest.mark.parametrize("idle", [0, 1, 2])
def test_a_block_that_is_the_identity_scores_lowest(idle):
    net = trained(idle)
    scores = similarity(net, removable_blocks(net, torch.zeros(1, 2)), Calibration(batches()))
    assert scores[f"blocks.{idle}"] == pytest.approx(0, abs=1e-6)
    assert all(score > 0.01 for name, score in scores.items() if name != f"blocks.{idle}")


def test_zeros_that_stay_zeros_have_not_turned():
    net = nn.Sequential(nn.Linear(2, 2, bias=False))
    assert similarity(net, [block("0")], Calibration([(torch.zeros(3, 2), None)]))["0"] == 0


def test_a_block_that_does_not_run_on_the_data_is_named():
    net = trained(blocks=2, steps=1)
    net.unused = nn.Linear(2, 2)
    with pytest.raises(InputError, match="block 'unused' did not run on the calibration data"):
        similarity(net, [block("unused")], Calibration(batches()))
