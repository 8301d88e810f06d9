"""Squeeze-and-excitation: every channel is scaled by what all of them hold on average."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from burnish.common.errors import InputError


class SqueezeExcite(nn.Module):
    """Scale the channels of a map by a gate that sees their averages.

    Source: Hu et al. 2017, "Squeeze-and-Excitation Networks", arXiv:1709.01507, eq. 2 to 4. Changed: both layers have
    biases, and are 1x1 convolutions (``fc1``, ``fc2``), which is how published weights store them.

    Args:
        channels: of the map.
        squeezed: width of the layer between; the paper takes ``channels / 16``.
        activation: makes what follows the first layer; ReLU in the paper.
        gate: makes what turns the second layer's output into factors; sigmoid in the paper.

    Shape:
        ``(B, channels, H, W)`` to the same.

    Raises:
        InputError: a width below 1.

    >>> import torch
    >>> SqueezeExcite(16, 4)(torch.ones(2, 16, 7, 7)).shape
    torch.Size([2, 16, 7, 7])
    """

    def __init__(
        self,
        channels: int,
        squeezed: int,
        activation: Callable[[], nn.Module] = nn.ReLU,
        gate: Callable[[], nn.Module] = nn.Sigmoid,
    ) -> None:
        super().__init__()
        if min(channels, squeezed) < 1:
            raise InputError(f"channels and squeezed must be at least 1, got {channels} and {squeezed}")
        self.fc1 = nn.Conv2d(channels, squeezed, 1)
        self.activation = activation()
        self.fc2 = nn.Conv2d(squeezed, channels, 1)
        self.gate = gate()

    def forward(self, x_BCHW: Tensor) -> Tensor:
        average_BC11 = x_BCHW.mean(dim=(2, 3), keepdim=True)
        return x_BCHW * self.gate(self.fc2(self.activation(self.fc1(average_BC11))))  # type: ignore[no-any-return]
