"""Tests of burnish.pruning.criteria.geometric_median."""

import pytest
import torch
from tests.pruning.criteria.hand_made import group, part, summed
from torch import nn

from burnish.pruning.criteria import GeometricMedian, score_groups
from burnish.pruning.criteria.geometric_median import distances_to_others
from burnish.pruning.criteria.members import combined


def summed_cdist(filters):
    return torch.cdist(filters, filters, compute_mode="donot_use_mm_for_euclid_dist").sum(dim=1)


@pytest.mark.parametrize("seed", range(20))
def test_it_chooses_the_filters_that_cdist_on_raw_filters_chooses(seed):
    torch.manual_seed(seed)
    conv = nn.Conv2d(3 + seed, 16, 3)
    found = score_groups(conv, [group("c", part("weight", 0, 16, "produces"))], GeometricMedian(), normalise="none")
    expected = summed_cdist(conv.weight.detach().double().flatten(1))
    torch.testing.assert_close(found["c"], expected)
    assert torch.equal(found["c"].argsort(), expected.argsort())


def test_signs_count():
    weight = torch.tensor([[1.0, 1.0], [-1.0, -1.0], [1.0, 0.9], [0.9, 1.0]])
    conv = nn.Linear(2, 4)
    conv.weight.data.copy_(weight)
    found = score_groups(conv, [group("c", part("weight", 0, 4, "produces"))], "geometric-median")["c"]
    assert found.argmax() == 1  # by absolute values it would be in the middle of the others


@pytest.mark.parametrize(
    ("layer", "index", "dim", "filters"),
    [
        (lambda: nn.Linear(5, 6), 6, 0, lambda w: w),
        (lambda: nn.ConvTranspose2d(4, 6, 3), 6, 1, lambda w: w.transpose(0, 1).flatten(1)),
        (
            lambda: nn.ConvTranspose2d(4, 6, 3, groups=2),
            3,
            1,
            lambda w: torch.stack([w[:, channel].flatten() for channel in range(3)]),
        ),
        (
            lambda: nn.Conv2d(6, 8, 3, groups=2),  # a channel is one of each group
            [[0, 4], [1, 5], [2, 6], [3, 7]],
            0,
            lambda w: torch.stack([torch.cat([w[c].flatten(), w[c + 4].flatten()]) for c in range(4)]),
        ),
    ],
    ids=["linear", "transposed", "transposed grouped", "grouped"],
)
def test_channels_may_lie_in_any_dimension_and_hold_several_positions(layer, index, dim, filters):
    torch.manual_seed(0)
    made = layer().double()
    found = score_groups(
        made, [group("x", part("weight", dim, index, "produces"))], GeometricMedian(), normalise="none"
    )
    torch.testing.assert_close(found["x"], summed_cdist(filters(made.weight.detach())))


def test_layers_that_are_added_are_scored_together():
    model, found = summed()
    expected = combined([summed_cdist(model.one.weight.detach()), summed_cdist(model.two.weight.detach())])
    torch.testing.assert_close(score_groups(model, [found], GeometricMedian(), normalise="none")["one"], expected)


def test_close_filters_far_from_the_origin_keep_their_digits():
    torch.manual_seed(0)
    filters = 1e3 + torch.randn(12, 50, dtype=torch.float64)
    filters[1] = filters[0] + 1e-7
    filters[3] = filters[2]
    torch.testing.assert_close(distances_to_others(filters), summed_cdist(filters), rtol=1e-12, atol=0)
    two = filters[:2]
    torch.testing.assert_close(distances_to_others(two), summed_cdist(two), rtol=1e-9, atol=0)


def test_moving_all_filters_alike_changes_nothing():
    torch.manual_seed(0)
    filters = torch.randn(8, 5, dtype=torch.float64)
    torch.testing.assert_close(distances_to_others(filters + 3), distances_to_others(filters))
