"""Filters by the sum of their absolute weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from burnish.pruning.criteria.filter_norm import FilterNorm


@dataclass(frozen=True)
class L1(FilterNorm):
    """Keep the filters of the largest sum of absolute weights, biases left out.

    Source: Li et al. 2017, "Pruning Filters for Efficient ConvNets", arXiv:1608.08710, section 3.1.

    Args:
        consumers: whether the weights that read a channel count as well.

    >>> import torch
    >>> L1().norm(torch.tensor([[3.0, -4.0]])).tolist()
    [7.0]
    """

    name: ClassVar[str] = "l1"

    def norm(self, filters: Tensor) -> Tensor:
        """Sum of absolute weights."""
        return filters.abs().sum(dim=1)
