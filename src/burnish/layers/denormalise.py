"""The inverse of input normalisation, for models that make samples."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from burnish.layers.normalise import along_channels, statistics_pair


class Denormalise(nn.Module):
    """Multiply by a standard deviation and add a mean: the inverse of :class:`burnish.layers.Normalise`.

    Args:
        mean: one number a channel, ``(C,)``.
        std: one positive number a channel, ``(C,)``.

    Shape:
        input and output: ``(batch, C, *)``.

    Raises:
        InputError: the two differ in length, or a standard deviation is not positive.

    >>> import torch
    >>> Denormalise([1.0, 2.0], [1.0, 2.0])(torch.tensor([[1.0, 2.0]])).tolist()
    [[2.0, 6.0]]
    """

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Tensor | Sequence[float], std: Tensor | Sequence[float]) -> None:
        super().__init__()
        mean, std = statistics_pair(mean, std)
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs * along_channels(self.std, inputs) + along_channels(self.mean, inputs)

    def extra_repr(self) -> str:
        return f"channels={len(self.mean)}"
