"""Tests of burnish.pruning.criteria.active_share."""

import pytest
import torch
import torch.nn.functional as F
from tests.pruning.criteria.hand_made import chain, pairs
from torch import nn

from burnish.common.errors import InputError
from burnish.pruning.criteria import ActiveShare, score_groups
from burnish.pruning.graph import groups as traced


def test_it_counts_what_is_not_zero_behind_the_nonlinearity():
    model, groups = chain()
    inputs = torch.cat([x for x, _ in pairs()])
    found = score_groups(model, groups, ActiveShare(), batches=pairs(), normalise="none")
    torch.testing.assert_close(found["first"], (F.relu(model.first(inputs)) > 0).double().mean(dim=(0, 2, 3)))


def test_the_size_of_a_channel_does_not_matter():
    model, groups = chain()
    before = score_groups(model, groups, ActiveShare(), batches=pairs())["first"]
    with torch.no_grad():
        model.first.weight[2] *= 10
        model.first.bias[2] *= 10
    assert torch.equal(score_groups(model, groups, ActiveShare(), batches=pairs())["first"], before)


def test_a_model_without_zeros_is_refused():
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    example = torch.randn(6, 3)
    with pytest.raises(InputError, match="no channel of this model is ever zero"):
        score_groups(model, traced(model, example), ActiveShare(), batches=[(example, None)])
