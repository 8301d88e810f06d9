"""Stochastic depth: whole residual branches left out at random while training."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError


class StochasticDepth(nn.Module):
    """Drop a residual branch for a random part of the batch.

    Source: Huang et al. 2016, "Deep Networks with Stochastic Depth", arXiv:1603.09382, eq. 2. The paper scales the
    branch at test time; here survivors are scaled by ``1 / survival`` while training, so that evaluation is the
    identity.

    Args:
        survival: probability in (0, 1] that a sample keeps the branch.

    Shape:
        input and output: ``(batch, *)``, any number of further dimensions.

    Raises:
        InputError: ``survival`` lies outside (0, 1].

    >>> StochasticDepth(0.5).eval()(torch.ones(2, 3)).tolist()
    [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
    """

    def __init__(self, survival: float) -> None:
        super().__init__()
        if not 0 < survival <= 1:
            raise InputError(f"survival must lie in (0, 1], got {survival}: it is the chance that a branch is kept")
        self.survival = survival

    def forward(self, branch: Tensor) -> Tensor:
        if not self.training or self.survival == 1:
            return branch
        one_per_sample = (branch.shape[0],) + (1,) * (branch.ndim - 1)
        kept = torch.empty(one_per_sample, dtype=branch.dtype, device=branch.device).bernoulli_(self.survival)
        return branch * kept.div_(self.survival)  # one pass over the branch

    def extra_repr(self) -> str:
        return f"survival={self.survival}"
