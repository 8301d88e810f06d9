"""Filters by the root of the sum of their squared weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from burnish.pruning.criteria.filter_norm import FilterNorm


@dataclass(frozen=True)
class L2(FilterNorm):
    """Keep the filters of the largest Euclidean norm, biases left out.

    Source: Li et al. 2017, "Pruning Filters for Efficient ConvNets", arXiv:1608.08710, section 4.5, beside the L1 norm.

    Args:
        consumers: whether the weights that read a channel count as well.

    >>> import torch
    >>> L2().norm(torch.tensor([[3.0, -4.0]])).tolist()
    [5.0]
    """

    name: ClassVar[str] = "l2"

    def norm(self, filters: Tensor) -> Tensor:
        """Euclidean norm."""
        return filters.square().sum(dim=1).sqrt()
