"""L1 and L2 penalties on weights, as a term of the loss."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
import torch.distributed as dist
from torch import Tensor, nn

from burnish.common.errors import InputError


class Penalty:
    """``l1 * sum |w| + l2 / 2 * sum w^2`` over weights with two dimensions or more.

    Source: Tibshirani 1996 (lasso) for L1, Hoerl and Kennard 1970 (ridge) for L2; with the half, the gradient of the
    second term is ``l2 * w``, which is what weight decay of plain SGD adds. Biases and normalisation are left alone.

    Args:
        parameters: all parameters; those with fewer than two dimensions are passed over.
        l1: strength of the L1 term, 0 or more.
        l2: strength of the L2 term, 0 or more.

    Raises:
        InputError: a strength is negative, or there is no weight to penalise.

    >>> weight = nn.Parameter(torch.tensor([[1.0, -2.0]]))
    >>> Penalty([weight], l1=0.1, l2=0.01)().item()
    0.32500001788139343
    """

    def __init__(self, parameters: Iterable[nn.Parameter], l1: float = 0.0, l2: float = 0.0) -> None:
        for name, strength in (("l1", l1), ("l2", l2)):
            if not (strength >= 0 and math.isfinite(strength)):
                raise InputError(f"{name} must be 0 or more, got {strength}: 0.0001 is usual")
        self.l1, self.l2 = l1, l2
        self._weights = [parameter for parameter in parameters if parameter.ndim >= 2] if l1 or l2 else []
        if (l1 or l2) and not self._weights:
            raise InputError(
                "l1 or l2 was given, but no parameter has two dimensions or more: there is nothing to penalise"
            )

    def __call__(self) -> Tensor:
        """The penalty, a scalar with its graph; a plain 0 when both strengths are 0."""
        if not self._weights:
            return torch.zeros(())
        if hasattr(self._weights[0], "full_tensor"):
            return self._over_shards()
        weights = torch.cat([weight.reshape(-1) for weight in self._weights])
        if not self.l1:
            return torch.dot(weights, weights) * (self.l2 / 2)
        absolute = weights.abs().sum() * self.l1
        return absolute + torch.dot(weights, weights) * (self.l2 / 2) if self.l2 else absolute

    def _over_shards(self) -> Tensor:
        # The value is that of all ranks, the gradient that of this rank's rows.
        rows: list[Tensor] = [weight.to_local() for weight in self._weights]  # type: ignore[attr-defined]
        own = torch.stack([row.abs().sum() * self.l1 + row.square().sum() * (self.l2 / 2) for row in rows]).sum()
        total = own.detach().clone()
        dist.all_reduce(total, group=self._weights[0].device_mesh.get_group())  # type: ignore[attr-defined]
        return own + (total - own.detach())
