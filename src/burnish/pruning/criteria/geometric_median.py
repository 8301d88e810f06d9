"""Filters by how far they lie from all the others: those near the middle can be replaced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from burnish.pruning.criteria.criterion import WeightCriterion
from burnish.pruning.criteria.members import combined, producing, rows
from burnish.pruning.graph.group import Group

_NEAR = 1e-8
"""Squared distance, as a share of the squared norms, below which a difference of norms would lose its digits."""


@dataclass(frozen=True)
class GeometricMedian(WeightCriterion):
    """Keep the filters with the largest sum of distances to the others (FPGM).

    Source: He et al. 2019, "Filter Pruning via Geometric Median for Deep Neural Networks Acceleration",
    arXiv:1811.00250, eq. 5 and 6. Distances are between the filters themselves, signs and all.

    >>> GeometricMedian().name
    'geometric-median'
    """

    name: ClassVar[str] = "geometric-median"

    def of_group(self, tensors: Mapping[str, Tensor], group: Group) -> Tensor:
        """Sum of the Euclidean distances from each filter to all others."""
        return combined([distances_to_others(rows(tensors[part.tensor], part)) for part in producing(group)])


def distances_to_others(filters: Tensor) -> Tensor:
    """Sum of the Euclidean distances from each row to all others.

    Args:
        filters: ``(channels, numbers)`` float64.

    Returns:
        ``(channels,)``.

    >>> import torch
    >>> distances_to_others(torch.tensor([[0.0, 0.0], [3.0, 4.0], [-3.0, -4.0]], dtype=torch.float64)).tolist()
    [10.0, 15.0, 15.0]
    """
    centred = filters - filters.mean(dim=0)  # smaller norms, so that less cancels below
    square = centred.square().sum(dim=1)
    scale = square[:, None] + square[None, :]
    squared = scale - 2 * (centred @ centred.T)
    first, second = (squared <= _NEAR * scale).nonzero(as_tuple=True)
    for start in range(0, len(first), 4096):
        one, two = first[start : start + 4096], second[start : start + 4096]
        squared[one, two] = (centred[one] - centred[two]).square().sum(dim=1)
    return squared.sqrt().sum(dim=1)
