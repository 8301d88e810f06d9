"""A sequence of layers that also hands out what is half done."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from torch import Tensor, nn

from burnish.common.errors import InputError


class Pyramid(nn.Sequential):
    """Layers in a row whose call returns the maps after some of them, the last one always included.

    A family whose published layout calls its body ``features`` makes it one of these, so that the body is found under
    that name in the state dict, and ``model.features(x)`` gives the pyramid.

    Args:
        layers: by position, or by name.
        taps: positions (from 0) after which the map is handed out, in rising order; the last must be the last layer.

    Shape:
        ``(B, C, H, W)`` to a list of one map a tap.

    Raises:
        InputError: the taps do not rise, or do not end with the last layer.

    >>> body = Pyramid([nn.Conv2d(1, 2, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)], taps=(1, 2))
    >>> import torch
    >>> [tuple(level.shape) for level in body(torch.zeros(1, 1, 8, 8))]
    [(1, 2, 8, 8), (1, 2, 4, 4)]
    """

    def __init__(self, layers: Sequence[nn.Module] | OrderedDict[str, nn.Module], taps: Sequence[int]) -> None:
        if isinstance(layers, OrderedDict):
            super().__init__(layers)
        else:
            super().__init__(*layers)
        rising = list(taps) == sorted(set(taps))
        if not taps or not rising or taps[0] < 0 or taps[-1] != len(self) - 1:
            raise InputError(f"taps must rise and end with the last layer, {len(self) - 1}, got {tuple(taps)}")
        self.taps = tuple(taps)

    def __getitem__(self, position: int | slice) -> nn.Module:
        """A layer, or a plain sequence of some of them, which returns its last map alone."""
        if isinstance(position, slice):
            return nn.Sequential(OrderedDict(list(self._modules.items())[position]))
        return super().__getitem__(position)

    def forward(self, x_BCHW: Tensor) -> list[Tensor]:
        levels = []
        for position, layer in enumerate(self):
            x_BCHW = layer(x_BCHW)
            if position in self.taps:
                levels.append(x_BCHW)
        return levels
