"""The parts of GoogLeNet: the inception block and the auxiliary head."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Unit = Callable[..., nn.Module]
"""Makes a convolution with what follows it, from channels in, channels out, the side of its window, and ``stride=``."""


class Inception(nn.Module):
    """Four branches side by side: 1x1, 3x3, a larger window, and pooling, each behind a 1x1 convolution.

    Source: Szegedy et al. 2014, arXiv:1409.4842, figure 2b.

    Args:
        in_channels: of the input.
        widths: the columns of table 1: 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool projection.
        unit: makes the convolutions.
        large: window of the third branch.
    """

    def __init__(self, in_channels: int, widths: tuple[int, int, int, int, int, int], unit: Unit, large: int) -> None:
        super().__init__()
        single, reduced3, wide3, reduced5, wide5, pooled = widths
        self.branch1 = unit(in_channels, single, 1)
        self.branch2 = nn.Sequential(unit(in_channels, reduced3, 1), unit(reduced3, wide3, 3))
        self.branch3 = nn.Sequential(unit(in_channels, reduced5, 1), unit(reduced5, wide5, large))
        self.branch4 = nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), unit(in_channels, pooled, 1))

    def forward(self, x_BCHW: Tensor) -> Tensor:
        branches = (self.branch1(x_BCHW), self.branch2(x_BCHW), self.branch3(x_BCHW), self.branch4(x_BCHW))
        return torch.cat(branches, dim=1)


class AuxiliaryHead(nn.Module):
    """A small classifier on a map half way up.

    Source: Szegedy et al. 2014, arXiv:1409.4842, section 5.

    Args:
        in_channels: of the map.
        num_classes: outputs.
        pool: from the map to 4x4.
        unit: makes the convolution.
    """

    def __init__(self, in_channels: int, num_classes: int, pool: nn.Module, unit: Unit) -> None:
        super().__init__()
        self.pool = pool
        self.conv = unit(in_channels, 128, 1)
        self.fc1 = nn.Linear(128 * 4 * 4, 1024)
        self.dropout = nn.Dropout(0.7)
        self.fc2 = nn.Linear(1024, num_classes)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        x_BF = self.conv(self.pool(x_BCHW)).flatten(1)
        return self.fc2(self.dropout(F.relu(self.fc1(x_BF), inplace=True)))  # type: ignore[no-any-return]
