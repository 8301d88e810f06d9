"""Tests of burnish.pruning.layers.discriminative."""

import pytest
import torch
from tests.pruning.layers.residual_nets import Residual, batches, rings, trained
from tests.pruning.layers.test_removing import bypassing
from torch import nn

from burnish.common.errors import InputError
from burnish.pruning.criteria.calibration import Calibration
from burnish.pruning.layers.discriminative import discriminative
from burnish.pruning.layers.finding import removable_blocks
from burnish.pruning.layers.separability import separability


def scores_of(net, data):
    return discriminative(net, removable_blocks(net, torch.zeros(1, *data[0][0].shape[1:])), Calibration(data))


@pytest.mark.parametrize("idle", [0, 1, 2])
def test_a_block_that_is_the_identity_scores_zero_and_lowest(idle):
    scores = scores_of(trained(idle), batches())
    assert scores[f"blocks.{idle}"] == 0
    assert all(score > 0.1 for name, score in scores.items() if name != f"blocks.{idle}")


def test_it_is_the_fall_of_the_separability_of_what_the_output_layer_reads():
    net = trained()
    points, labels = rings()
    body = nn.Sequential(net.stem, net.blocks)
    whole = separability(body(points).detach(), labels)
    without = separability(bypassing(body, ["1.1"], points), labels)
    assert scores_of(net, batches(64))["blocks.1"] == pytest.approx(whole - without, rel=1e-4)


def test_without_an_output_layer_the_output_itself_is_looked_at():
    net = nn.Sequential(nn.Linear(2, 4), Residual(4), Residual(4), nn.Softmax(dim=1))
    points, labels = rings()
    whole = separability(net(points).detach(), labels)
    without = separability(bypassing(net, ["1"], points), labels)
    assert scores_of(net, batches())["1"] == pytest.approx(whole - without, rel=1e-4)


def test_of_a_convolution_that_gives_the_output_channels_are_averaged_over_places():
    net = nn.Sequential(
        nn.Conv2d(1, 3, 1), nn.Sequential(nn.Conv2d(3, 3, 3, padding=1)), nn.Conv2d(3, 2, 4), nn.Flatten()
    )
    images, labels = torch.randn(20, 1, 4, 4, generator=torch.Generator().manual_seed(0)), torch.arange(20) % 2
    before = net[0](images).detach()
    whole, without = (separability(maps.mean(dim=(2, 3)), labels) for maps in (net[1](before).detach(), before))
    found = discriminative(net, removable_blocks(net, images), Calibration([(images, labels)]))
    assert found == {"1": pytest.approx(whole - without, rel=1e-3, abs=1e-6)}


@pytest.mark.parametrize("targets", [torch.zeros(100), torch.zeros(100, 3, dtype=torch.int64), None])
def test_targets_that_are_no_class_labels_are_refused(targets):
    with pytest.raises(InputError, match=r"needs a class label a sample, \(100,\) of whole numbers, got"):
        scores_of(trained(steps=1), [(rings(100)[0], targets)])


def test_one_class_cannot_be_told_apart():
    with pytest.raises(InputError, match="all 100 calibration samples are of class 0"):
        scores_of(trained(steps=1), [(rings(100)[0], torch.zeros(100, dtype=torch.int64))])
