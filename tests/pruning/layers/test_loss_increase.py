"""Tests of burnish.pruning.layers.loss_increase."""

import pytest
import torch
import torch.nn.functional as F
from tests.pruning.layers.residual_nets import batches, per_sample, rings, trained
from tests.pruning.layers.test_removing import bypassing

from burnish.pruning.criteria.calibration import Calibration
from burnish.pruning.layers.finding import removable_blocks
from burnish.pruning.layers.loss_increase import loss_increase


@pytest.mark.parametrize("idle", [0, 1, 2])
def test_a_block_that_is_the_identity_scores_zero_and_lowest(idle):
    net = trained(idle)
    scores = loss_increase(net, removable_blocks(net, torch.zeros(1, 2)), Calibration(batches(), per_sample))
    assert scores[f"blocks.{idle}"] == 0
    assert all(score > 0.1 for name, score in scores.items() if name != f"blocks.{idle}")


@pytest.mark.parametrize("size", [300, 128, 7])
def test_it_is_the_difference_of_the_mean_losses_however_the_data_are_batched(size):
    net = trained(steps=20)
    points, labels = rings()
    whole = F.cross_entropy(net(points), labels).item()
    without = F.cross_entropy(bypassing(net, ["blocks.2"], points), labels).item()
    data = list(zip(points.split(size), labels.split(size), strict=True))
    scores = loss_increase(net, removable_blocks(net, points), Calibration(data, per_sample))
    assert scores["blocks.2"] == pytest.approx(without - whole, rel=1e-4)
