"""Tests of burnish.pruning.criteria.l1."""

import torch
from tests.pruning.criteria.hand_made import chain, group, part
from torch import nn

from burnish.pruning.criteria import L1, score_groups


def test_l1_is_the_sum_of_absolute_weights_of_each_filter_without_its_bias():
    model, groups = chain()
    found = score_groups(model, groups, L1(), normalise="none")
    torch.testing.assert_close(found["first"], model.first.weight.detach().abs().sum((1, 2, 3)))
    torch.testing.assert_close(found["second"], model.second.weight.detach().abs().sum((1, 2, 3)))


def test_the_filters_of_a_transposed_convolution_lie_in_its_second_dimension():
    model = nn.ConvTranspose2d(4, 6, 3, groups=2).double()  # weight (4, 3, 3, 3): a channel is one of both groups
    found = score_groups(model, [group("t", part("weight", 1, 3, "produces"))], "l1", normalise="none")
    torch.testing.assert_close(found["t"], model.weight.detach().abs().sum((0, 2, 3)))


def test_scaling_a_producer_changes_the_score_that_ignores_its_consumer():
    model, groups = chain()
    before = score_groups(model, groups, L1(), normalise="none")["first"]
    with torch.no_grad():
        model.first.weight[2] *= 10
        model.second.weight[:, 2] /= 10
    after = score_groups(model, groups, L1(), normalise="none")["first"]
    torch.testing.assert_close(after[2], 10 * before[2])
    assert torch.equal(after[:2], before[:2])
