"""Filters by how much another one points the same way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from burnish.pruning.criteria.criterion import WeightCriterion
from burnish.pruning.criteria.members import combined, producing, rows
from burnish.pruning.graph.group import Group


@dataclass(frozen=True)
class CosineRedundancy(WeightCriterion):
    """Keep the filters that point where no other filter does, either way along the line.

    A filter's score is 1 minus its highest absolute cosine to a filter that is still there when its turn comes. Filters
    have their turn one by one, the smaller of the most similar pair first, so that of two alike one stays.

    Source: Ayinde and Zurada 2018, "Building Efficient ConvNets using Redundant Feature Pruning", arXiv:1802.07653
    (cosine between filters); taking one of a pair at a time is Srinivas and Babu 2015, "Data-free Parameter Pruning for
    Deep Neural Networks", arXiv:1507.06149, section 3. The absolute value is our change. Scores lie in [0, 1]; short
    filters are more alike than long ones by chance, so layers become comparable by the mean of each.

    >>> CosineRedundancy().name
    'cosine-redundancy'
    """

    name: ClassVar[str] = "cosine-redundancy"

    def of_group(self, tensors: Mapping[str, Tensor], group: Group) -> Tensor:
        """1 minus the similarity at each filter's turn; similarities are means over the members of a group."""
        members = [rows(tensors[part.tensor], part) for part in producing(group)]
        similarity = torch.stack([absolute_cosines(filters) for filters in members]).mean(dim=0)
        return 1 - similarity_in_turn(similarity, combined([filters.norm(dim=1) for filters in members]))


def absolute_cosines(filters: Tensor) -> Tensor:
    """Absolute cosine between every two rows, ``(channels, channels)``; 1 with a row of zeros, which adds nothing."""
    size = filters.norm(dim=1, keepdim=True)
    directions = filters / size.where(size > 0, 1.0)
    cosines: Tensor = (directions @ directions.T).abs().clamp(max=1.0)
    empty = size[:, 0] == 0
    cosines[empty] = 1.0
    cosines[:, empty] = 1.0
    return cosines


def similarity_in_turn(similarity: Tensor, size: Tensor) -> Tensor:
    """What the most similar pair shares when one of it goes, pair after pair.

    Args:
        similarity: between every two channels, symmetric, in [0, 1], ``(channels, channels)``.
        size: which of a pair goes: the smaller; of equals the later. ``(channels,)``.

    Returns:
        ``(channels,)``, 0 for the one that is left.

    >>> similarity_in_turn(torch.tensor([[1.0, 0.5], [0.5, 1.0]]), torch.tensor([1.0, 2.0])).tolist()
    [0.5, 0.0]
    """
    left = similarity.cpu().clone().fill_diagonal_(-1.0)
    size = size.cpu()
    found = torch.zeros_like(size)
    best, partner = left.max(dim=1)
    for _ in range(len(size) - 1):
        one = int(best.argmax())
        two = int(partner[one])
        goes = min(one, two, key=lambda channel: (float(size[channel]), -channel))
        found[goes] = best[one]
        left[goes], left[:, goes], best[goes] = -1.0, -1.0, -2.0
        orphans = ((partner == goes) & (best > -2.0)).nonzero().flatten()
        best[orphans], partner[orphans] = left[orphans].max(dim=1)
    return found
