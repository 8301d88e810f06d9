"""Max-norm: a ball that the incoming weights of every unit must stay in."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError

_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_WITHOUT_UNITS = (nn.Embedding, nn.EmbeddingBag, nn.LayerNorm, nn.modules.batchnorm._NormBase)


class MaxNorm:
    """Scale down the incoming weights of each unit to a largest L2 norm.

    Source: Srivastava et al. 2014, "Dropout", JMLR 15, section 5.1. A unit is a row of a linear or recurrent layer, or
    a filter of a convolution; of a transposed convolution it is what reaches one output channel. Biases, embeddings and
    normalisation are left alone.

    The module is walked once, here; calling the object after every update is cheap.

    Args:
        module: any module.
        limit: largest norm; 3 or 4 is usual.

    Raises:
        InputError: ``limit`` is not above 0, or no weight would be constrained.
    """

    def __init__(self, module: nn.Module, limit: float) -> None:
        if not (limit > 0 and math.isfinite(limit)):
            raise InputError(
                f"max_norm must be above 0, got {limit}: it is the largest norm of a unit's weights, 3 is usual"
            )
        self.limit = limit
        self._weights: list[tuple[Tensor, int | None]] = []
        for part in module.modules():
            if isinstance(part, _WITHOUT_UNITS):
                continue
            groups = part.groups if isinstance(part, _TRANSPOSED) else None
            self._weights += [(weight, groups) for weight in part.parameters(recurse=False) if weight.ndim >= 2]
        if not self._weights:
            raise InputError("max_norm was given, but this model has no linear, recurrent or convolutional weights")

    @torch.no_grad()
    def __call__(self) -> None:
        """Enforce the limit, in place."""
        for weight, groups in self._weights:
            if groups is None:
                by_unit, incoming = weight, list(range(1, weight.ndim))
            else:  # (in, out / groups, *kernel)
                by_unit = weight.view(groups, -1, *weight.shape[1:])
                incoming = [1, *range(3, by_unit.ndim)]
            norm = torch.linalg.vector_norm(by_unit, dim=incoming, keepdim=True)
            by_unit.div_((norm / self.limit).clamp_(min=1.0))


def max_norm_(module: nn.Module, limit: float) -> None:
    """Apply :class:`MaxNorm` once, in place.

    >>> layer = nn.Linear(2, 1)
    >>> _ = layer.weight.data.copy_(torch.tensor([[30.0, 40.0]]))
    >>> max_norm_(layer, 5.0)
    >>> layer.weight.tolist()
    [[3.0, 4.0]]
    """
    MaxNorm(module, limit)()
