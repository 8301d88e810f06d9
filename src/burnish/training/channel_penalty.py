"""Penalties that make whole channels small, so that pruning can take them: on BatchNorm scales and on filters."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
import torch.distributed as dist
from torch import Tensor, nn

from burnish.common.errors import InputError

_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_WITH_FILTERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, *_TRANSPOSED)


class ChannelPenalty:
    """``slimming * sum |gamma| + group_lasso * sum_filters ||w||_2``.

    Source: Liu et al. 2017, "Learning Efficient Convolutional Networks through Network Slimming", arXiv:1708.06519,
    eq. 1, for the scales gamma of batch normalisation; Wen et al. 2016, "Learning Structured Sparsity in Deep Neural
    Networks", arXiv:1608.03665, eq. 3, first sum, for filters. A filter is what makes one output channel of a
    convolution, or one unit of a linear layer; norms are not weighted by their size, as in the paper.

    Args:
        module: the model; it is walked once, here.
        parameters: those that learn; scales and filters that are not among them are passed over.
        slimming: strength on scales, 0 or more.
        group_lasso: strength on filters, 0 or more.

    Raises:
        InputError: a strength is negative, or a transposed convolution is split over processes, and its filters with
            it.

    >>> layer = nn.Linear(2, 1)
    >>> _ = layer.weight.data.copy_(torch.tensor([[3.0, 4.0]]))
    >>> ChannelPenalty(layer, layer.parameters(), group_lasso=0.1)().item()
    0.5
    """

    def __init__(
        self, module: nn.Module, parameters: Iterable[nn.Parameter], slimming: float = 0.0, group_lasso: float = 0.0
    ) -> None:
        for name, strength in (("slimming", slimming), ("group_lasso", group_lasso)):
            if not (strength >= 0 and math.isfinite(strength)):
                raise InputError(f"{name} must be 0 or more, got {strength}: 0.0001 is usual")
        self.slimming, self.group_lasso = slimming, group_lasso
        learning = {id(parameter) for parameter in parameters}
        self._scales: list[Tensor] = []
        self._filters: list[tuple[Tensor, int | None]] = []
        for name, part in module.named_modules():
            weight = getattr(part, "weight", None)
            if weight is None or id(weight) not in learning:
                continue
            learning.discard(id(weight))  # a shared weight counts once
            if slimming and isinstance(part, nn.modules.batchnorm._BatchNorm):
                self._scales.append(weight)
            elif group_lasso and isinstance(part, _WITH_FILTERS):
                groups = part.groups if isinstance(part, _TRANSPOSED) else None
                if groups is not None and hasattr(weight, "full_tensor"):
                    raise InputError(
                        f"group_lasso does not go with --parallel fsdp here: '{name}' is a transposed convolution, "
                        "whose filters would be split over the processes; use --parallel ddp"
                    )
                self._filters.append((weight, groups))

    @property
    def lacks(self) -> str:
        """What was asked for and finds nothing to work on, in words; empty where all is well."""
        if self.slimming and not self._scales:
            return "slimming was given, but no batch normalisation has a scale that learns"
        if self.group_lasso and not self._filters:
            return "group_lasso was given, but no convolution or linear layer learns"
        return ""

    def __call__(self) -> Tensor:
        """The penalty, a scalar with its graph; a plain 0 where there is nothing to penalise."""
        weights = [*self._scales, *(weight for weight, _ in self._filters)]
        if not weights:
            return torch.zeros(())
        if not hasattr(weights[0], "full_tensor"):
            return self._total(self._scales, self._filters)
        # Split weights hold whole rows, which are filters: the value is that of all ranks, the gradient this rank's.
        own = self._total(
            [scale.to_local() for scale in self._scales],  # type: ignore[attr-defined]
            [(weight.to_local(), None) for weight, _ in self._filters],  # type: ignore[attr-defined]
        )
        total = own.detach().clone()
        dist.all_reduce(total, group=weights[0].device_mesh.get_group())  # type: ignore[attr-defined]
        return own + (total - own.detach())

    def _total(self, scales: list[Tensor], filters: list[tuple[Tensor, int | None]]) -> Tensor:
        terms = []
        if scales:
            terms.append(torch.cat(scales).abs().sum() * self.slimming)
        if filters:
            norms = torch.cat([_norms(weight, groups) for weight, groups in filters])
            terms.append(norms.sum() * self.group_lasso)
        return terms[0] if len(terms) == 1 else terms[0] + terms[1]


def _norms(weight: Tensor, groups: int | None) -> Tensor:
    """The norm of each filter."""
    if groups is None:
        rows = weight.flatten(1)
    else:
        by_group = weight.reshape(groups, -1, *weight.shape[1:])  # (groups, in / groups, out / groups, *kernel)
        rows = by_group.movedim(2, 1).flatten(2).flatten(0, 1)
    norms: Tensor = torch.linalg.vector_norm(rows, dim=1)
    return norms
