"""The units of residual networks that normalise and activate before each convolution."""

from __future__ import annotations

from collections import OrderedDict
from typing import ClassVar

from torch import Tensor, nn

from burnish.models.vision.residual_blocks import conv1x1, conv3x3


class PreActivationBasicBlock(nn.Module):
    """Two 3x3 convolutions, each after normalisation and activation; what goes around them is never touched.

    Source: He et al. 2016, "Identity mappings in deep residual networks", arXiv:1603.05027, figure 4e; with dropout,
    Zagoruyko & Komodakis 2016, "Wide residual networks", arXiv:1605.07146, figure 1d.

    Args:
        in_channels: of the input.
        channels: of both convolutions.
        stride: of the first convolution, and of the 1x1 convolution that then stands in the shortcut.
        dropout: share of the values that are left out before the second convolution while training.

    Shape:
        ``(B, in_channels, H, W)`` to ``(B, channels, ceil(H / stride), ceil(W / stride))``.
    """

    expansion: ClassVar[int] = 1

    def __init__(self, in_channels: int, channels: int, stride: int = 1, dropout: float = 0.0) -> None:
        super().__init__()
        self.downsample = projection(in_channels, channels, stride)
        self.norm1 = nn.BatchNorm2d(in_channels)
        self.conv1 = conv3x3(in_channels, channels, stride)
        self.norm2 = nn.BatchNorm2d(channels)
        self.dropout = nn.Dropout(dropout)
        self.conv2 = conv3x3(channels, channels)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        active_BCHW = self.relu(self.norm1(x_BCHW))
        shortcut_BCHW = x_BCHW if self.downsample is None else self.downsample(active_BCHW)
        inner_BCHW = self.dropout(self.relu(self.norm2(self.conv1(active_BCHW))))
        branch_BCHW: Tensor = self.conv2(inner_BCHW)
        branch_BCHW += shortcut_BCHW
        return branch_BCHW


class PreActivationBottleneck(nn.Module):
    """A 3x3 convolution between two 1x1 convolutions, each after normalisation and activation.

    Source: He et al. 2016, "Identity mappings in deep residual networks", arXiv:1603.05027, figure 4e. Changed: the
    stride is that of the 3x3 convolution instead of the first 1x1, as in timm.

    Args:
        in_channels: of the input.
        channels: a quarter of those of the output.
        stride: of the 3x3 convolution, and of the 1x1 convolution that then stands in the shortcut.

    Shape:
        ``(B, in_channels, H, W)`` to ``(B, 4 * channels, ceil(H / stride), ceil(W / stride))``.
    """

    expansion: ClassVar[int] = 4

    def __init__(self, in_channels: int, channels: int, stride: int = 1) -> None:
        super().__init__()
        self.downsample = projection(in_channels, channels * self.expansion, stride)
        self.norm1 = nn.BatchNorm2d(in_channels)
        self.conv1 = conv1x1(in_channels, channels)
        self.norm2 = nn.BatchNorm2d(channels)
        self.conv2 = conv3x3(channels, channels, stride)
        self.norm3 = nn.BatchNorm2d(channels)
        self.conv3 = conv1x1(channels, channels * self.expansion)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        active_BCHW = self.relu(self.norm1(x_BCHW))
        shortcut_BCHW = x_BCHW if self.downsample is None else self.downsample(active_BCHW)
        inner_BCHW = self.relu(self.norm2(self.conv1(active_BCHW)))
        inner_BCHW = self.relu(self.norm3(self.conv2(inner_BCHW)))
        branch_BCHW: Tensor = self.conv3(inner_BCHW)
        branch_BCHW += shortcut_BCHW
        return branch_BCHW


def projection(in_channels: int, out_channels: int, stride: int) -> nn.Module | None:
    """The shortcut where the shape changes, a 1x1 convolution of the activated input; else none."""
    if stride == 1 and in_channels == out_channels:
        return None
    return nn.Sequential(OrderedDict(conv=conv1x1(in_channels, out_channels, stride)))
