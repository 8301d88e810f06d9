"""Tests of burnish.pruning.criteria.batchnorm_scale."""

import pytest
import torch
from tests.pruning.criteria.hand_made import chain

from burnish.common.errors import InputError
from burnish.pruning.criteria import BatchNormScale, score_groups


def test_the_score_is_the_absolute_scale():
    model, groups = chain(norm=True)
    with torch.no_grad():
        model.norm.weight[2] *= -1
    found = score_groups(model, groups[:1], BatchNormScale())
    assert torch.equal(found["first"], model.norm.weight.detach().abs())


def test_the_filters_before_it_do_not_matter():
    model, groups = chain(norm=True)
    before = score_groups(model, groups[:1], BatchNormScale())["first"]
    with torch.no_grad():
        model.first.weight *= torch.rand(6, 1, 1, 1)
        model.norm.bias += 1
        model.norm.running_var *= 2
    assert torch.equal(score_groups(model, groups[:1], BatchNormScale())["first"], before)


def test_groups_without_batch_normalisation_are_named():
    model, groups = chain(norm=True)
    with pytest.raises(InputError, match=r"needs a batch normalisation .* and second have none: ignore those layers"):
        score_groups(model, groups, "batchnorm-scale")
