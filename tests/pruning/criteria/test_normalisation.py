"""Tests of burnish.pruning.criteria.normalisation."""

import pytest
import torch

from burnish.common.errors import InputError
from burnish.pruning.criteria.normalisation import normalised

SCORES = torch.tensor([4.0, 1.0, 3.0, 2.0])


@pytest.mark.parametrize("how", ["none", "mean", "max", "rank"])
def test_the_order_within_a_group_stays(how):
    assert torch.equal(normalised(SCORES, how).argsort(), SCORES.argsort())


@pytest.mark.parametrize("how", ["mean", "max", "rank"])
def test_the_unit_of_a_layer_no_longer_matters(how):
    assert torch.equal(normalised(64 * SCORES, how), normalised(SCORES, how))


def test_none_leaves_scores_as_they_come():
    assert normalised(SCORES, "none") is SCORES


def test_the_mean_or_the_largest_becomes_one():
    assert normalised(SCORES, "mean").mean().item() == 1.0
    assert normalised(SCORES, "max").max().item() == 1.0


def test_ranks_run_from_zero_to_one_and_equals_share_theirs():
    assert normalised(torch.tensor([7.0, 0.0, 0.0, 9.0, 8.0]), "rank").tolist() == [0.5, 0.125, 0.125, 1.0, 0.75]
    assert normalised(torch.tensor([7.0]), "rank").tolist() == [0.0]


@pytest.mark.parametrize("how", ["mean", "max"])
def test_a_group_of_zeros_stays_zero(how):
    assert normalised(torch.zeros(3), how).tolist() == [0.0, 0.0, 0.0]


def test_an_unknown_way_is_named():
    with pytest.raises(InputError, match="unknown normalisation 'maen' \\(did you mean 'mean'\\?\\)"):
        normalised(SCORES, "maen")
