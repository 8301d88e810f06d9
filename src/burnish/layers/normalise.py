"""Input normalisation with the statistics of the training split."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError


class Normalise(nn.Module):
    """Subtract a mean and divide by a standard deviation, per channel or feature.

    Source: LeCun et al. 1998, "Efficient BackProp", section 4.3.

    Args:
        mean: one number a channel, ``(C,)``.
        std: one positive number a channel, ``(C,)``.

    Shape:
        input and output: ``(batch, C, *)``; features of a flat input ``(batch, C)`` are its channels.

    Raises:
        InputError: the two differ in length, or a standard deviation is not positive.

    >>> Normalise([1.0, 2.0], [1.0, 2.0])(torch.tensor([[2.0, 6.0]])).tolist()
    [[1.0, 2.0]]
    """

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Tensor | Sequence[float], std: Tensor | Sequence[float]) -> None:
        super().__init__()
        mean, std = statistics_pair(mean, std)
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)

    def forward(self, inputs: Tensor) -> Tensor:
        return (inputs - along_channels(self.mean, inputs)) / along_channels(self.std, inputs)

    def extra_repr(self) -> str:
        return f"channels={len(self.mean)}"


def statistics_pair(mean: Tensor | Sequence[float], std: Tensor | Sequence[float]) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation as two checked float tensors ``(C,)`` of their own."""
    mean, std = (torch.as_tensor(value).detach().clone().float().flatten() for value in (mean, std))
    if mean.shape != std.shape:
        raise InputError(f"mean and std must have one number a channel each, got {len(mean)} and {len(std)}")
    if not std.is_meta and not bool((std > 0).all()):
        first = int((~(std > 0)).nonzero()[0])
        raise InputError(
            f"std must be positive, got {std[first].item():g} for channel {first}: "
            "use 1 for a channel that never varies"
        )
    return mean, std


def along_channels(statistic: Tensor, inputs: Tensor) -> Tensor:
    """Shape ``(C,)`` numbers so that they line up with dimension 1 of ``inputs``."""
    return statistic.view(-1, *(1,) * (inputs.ndim - 2))
