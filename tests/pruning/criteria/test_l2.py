"""Tests of burnish.pruning.criteria.l2."""

import torch
from tests.pruning.criteria.hand_made import chain

from burnish.pruning.criteria import L1, L2, score_groups


def test_l2_is_the_euclidean_norm_of_each_filter():
    model, groups = chain()
    found = score_groups(model, groups, L2(), normalise="none")
    torch.testing.assert_close(found["second"], model.second.weight.detach().flatten(1).norm(dim=1))


def test_l2_cares_for_single_large_weights_where_l1_does_not():
    model, groups = chain()
    with torch.no_grad():
        model.first.weight[0] = 1.0
        model.first.weight[1] = 0.0
        model.first.weight[1, 0, 0, 0] = 17.0  # sum 17 against 18, norm 17 against 4.2
    l1, l2 = (score_groups(model, groups, criterion, normalise="none")["first"] for criterion in (L1(), L2()))
    assert l1[0] > l1[1]
    assert l2[0] < l2[1]
