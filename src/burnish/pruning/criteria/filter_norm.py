"""Filters by their size."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from burnish.pruning.criteria.criterion import WeightCriterion
from burnish.pruning.criteria.members import combined, consuming, producing, rows
from burnish.pruning.graph.group import Group


@dataclass(frozen=True)
class FilterNorm(WeightCriterion):
    """Base of the criteria that keep the largest filters.

    Attributes:
        consumers: whether the weights that read a channel count as well; each tensor then counts alike.
    """

    consumers: bool = False

    def of_group(self, tensors: Mapping[str, Tensor], group: Group) -> Tensor:
        """The norm of each channel's filters."""
        parts = producing(group) + (consuming(group) if self.consumers else [])
        return combined([self.norm(rows(tensors[part.tensor], part)) for part in parts])

    @abstractmethod
    def norm(self, filters: Tensor) -> Tensor:
        """Size of each filter: ``(channels, numbers)`` to ``(channels,)``."""
