"""Channels by chance: the control that every criterion has to beat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from burnish.common.seeding import generator
from burnish.pruning.criteria.criterion import WeightCriterion
from burnish.pruning.criteria.normalisation import Normalisation
from burnish.pruning.graph.group import Group


@dataclass(frozen=True)
class Random(WeightCriterion):
    """Score channels by chance, uniformly in [0, 1).

    A group draws the same numbers whatever else the model holds; the global generators are left alone.

    Args:
        seed: what the draws follow from.

    >>> Random(seed=3)
    Random(seed=3)
    """

    name: ClassVar[str] = "random"
    normalisation: ClassVar[Normalisation] = "none"

    seed: int = 0

    def of_group(self, tensors: Mapping[str, Tensor], group: Group) -> Tensor:
        """Uniform numbers."""
        draws = generator(self.seed, "random channels", group.name)
        return torch.rand(group.count, generator=draws, dtype=torch.float64)
