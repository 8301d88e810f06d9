"""Tests of burnish.pruning.layers.standing_in."""

import pytest
import torch
from tests.pruning.layers.residual_nets import ResidualNet, Watched
from tests.pruning.layers.test_removing import bypassing

from burnish.pruning.layers.standing_in import passed_through


def test_inside_the_block_is_bypassed_and_afterwards_everything_is_back():
    net, points = ResidualNet(), torch.ones(4, 2)
    watched = Watched(net)
    with passed_through(net, ["blocks.0", "blocks.2"]), torch.no_grad():
        found = net(points)
    watched.check()
    assert torch.equal(found, bypassing(net, ["blocks.0", "blocks.2"], points))


def test_blocks_are_back_after_an_error():
    net = ResidualNet()
    watched = Watched(net)
    with pytest.raises(ZeroDivisionError), passed_through(net, ["blocks.1"]):
        raise ZeroDivisionError
    watched.check()


def test_one_can_be_tried_inside_another():
    net = ResidualNet()
    watched = Watched(net)
    with passed_through(net, ["blocks.1"]), passed_through(net, ["blocks.1", "blocks.2"]):
        pass
    watched.check()
