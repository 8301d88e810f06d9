"""Tests of burnish.pruning.criteria.criterion."""

import torch
from tests.pruning.criteria.hand_made import chain

from burnish.pruning.criteria import Criterion, WeightCriterion, score_groups


class Shortest(WeightCriterion):
    """Small filters stay."""

    name = "shortest"

    def of_group(self, tensors, group):
        made = next(part for part in group.slices if part.role == "produces")
        return 1 / tensors[made.tensor].flatten(1).norm(dim=1)


class First(Criterion):
    """The later a channel, the less it matters."""

    name = "first"
    normalisation = "none"

    def score(self, model, groups, calibration):
        assert calibration is None
        return [torch.arange(group.count, 0, -1) for group in groups]


def test_a_criterion_of_ones_own_scores_group_by_group():
    model, groups = chain()
    found = score_groups(model, groups, Shortest())
    assert torch.equal(found["first"].argsort(descending=True), model.first.weight.flatten(1).norm(dim=1).argsort())


def test_a_criterion_says_how_its_scores_become_comparable():
    model, groups = chain()
    assert score_groups(model, groups, First())["second"].tolist() == [4.0, 3.0, 2.0, 1.0]
    torch.testing.assert_close(score_groups(model, groups, Shortest())["second"].mean().item(), 1.0)
