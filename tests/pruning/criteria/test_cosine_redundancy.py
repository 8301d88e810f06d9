"""Tests of burnish.pruning.criteria.cosine_redundancy."""

import torch
import torch.nn.functional as F
from tests.pruning.criteria.hand_made import group, part, summed
from torch import nn

from burnish.pruning.criteria import CosineRedundancy, score_groups
from burnish.pruning.criteria.cosine_redundancy import similarity_in_turn


def scores(weight):
    layer = nn.Linear(weight.shape[1], len(weight)).double()
    layer.weight.data.copy_(weight)
    found = score_groups(
        layer, [group("x", part("weight", 0, len(weight), "produces"))], CosineRedundancy(), normalise="none"
    )
    return found["x"]


def by_hand(weight):
    """Remove the smaller of the closest pair, again and again, from scratch each time."""
    left, result = list(range(len(weight))), torch.ones(len(weight), dtype=torch.float64)
    while len(left) > 1:
        best = max(
            (abs(F.cosine_similarity(weight[a], weight[b], dim=0).item()), a, b) for a in left for b in left if a < b
        )
        goes = min(best[1:], key=lambda row: weight[row].norm())
        result[goes] = 1 - best[0]
        left.remove(goes)
    return result


def test_the_lowest_score_is_one_minus_the_highest_absolute_cosine():
    torch.manual_seed(0)
    weight = torch.randn(10, 6, dtype=torch.float64)
    cosines = F.cosine_similarity(weight[:, None], weight[None], dim=2).abs().fill_diagonal_(0)
    torch.testing.assert_close(scores(weight).min(), 1 - cosines.max())


def test_every_score_is_what_its_turn_gives():
    for seed in range(5):
        weight = torch.randn(9, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
        torch.testing.assert_close(scores(weight), by_hand(weight))


def test_of_two_filters_along_one_line_the_larger_stays():
    weight = torch.eye(4, dtype=torch.float64)
    weight[1] = -3 * weight[0]
    found = scores(weight)
    torch.testing.assert_close(found, torch.tensor([0.0, 1, 1, 1], dtype=torch.float64))


def test_the_length_of_filters_apart_does_not_matter():
    torch.manual_seed(0)
    weight = torch.randn(6, 4, dtype=torch.float64)
    torch.testing.assert_close(scores(7 * weight), scores(weight))


def test_an_empty_filter_goes_first():
    torch.manual_seed(0)
    weight = torch.randn(5, 4, dtype=torch.float64)
    weight[3] = 0
    assert scores(weight).argmin() == 3
    assert scores(weight)[3] == 0
    assert (scores(weight) > 0.0).sum() == 4


def test_only_what_is_alike_in_all_members_is_redundant():
    model, found = summed(wide=8)
    with torch.no_grad():
        model.one.weight[1] = model.one.weight[0]  # alike in one layer alone
        for layer in (model.one, model.two):
            layer.weight[3] = 2 * layer.weight[2]  # alike in both
    score = score_groups(model, [found], CosineRedundancy(), normalise="none")["one"]
    assert score.argmin() == 2
    assert score[2].item() < 1e-12
    assert score[:2].min() > 0.1


def test_one_channel_alone_is_not_redundant():
    assert similarity_in_turn(torch.ones(1, 1), torch.ones(1)).tolist() == [0.0]
