"""Another order of the dimensions, as a layer."""

from __future__ import annotations

from torch import Tensor, nn


class Permute(nn.Module):
    """Put the dimensions of a tensor into another order, for layers in a row that disagree about where channels are.

    Args:
        dims: for each dimension of the output, which one of the input it is.

    >>> import torch
    >>> tuple(Permute(0, 2, 3, 1)(torch.zeros(1, 3, 4, 5)).shape)
    (1, 4, 5, 3)
    """

    def __init__(self, *dims: int) -> None:
        super().__init__()
        self.dims = dims

    def forward(self, x: Tensor) -> Tensor:
        return x.permute(self.dims)

    def extra_repr(self) -> str:
        return ", ".join(map(str, self.dims))
