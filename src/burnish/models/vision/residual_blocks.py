"""The units that residual networks are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.layers.stochastic_depth import StochasticDepth
from burnish.layers.undrawn import undrawn

Conv3x3 = Callable[[int, int, int, int, int], nn.Module]
"""Makes a 3x3 convolution from its channels in and out, stride, groups and dilation; it draws its own weights."""


def conv3x3(in_channels: int, out_channels: int, stride: int = 1, groups: int = 1, dilation: int = 1) -> nn.Module:
    """A 3x3 convolution without bias that keeps the size at stride 1.

    >>> import torch
    >>> conv3x3(3, 8, stride=2, dilation=2)(torch.zeros(1, 3, 9, 9)).shape
    torch.Size([1, 8, 5, 5])
    """
    return drawn_conv(in_channels, out_channels, 3, stride, padding=dilation, groups=groups, dilation=dilation)


def conv1x1(in_channels: int, out_channels: int, stride: int = 1) -> nn.Conv2d:
    """A 1x1 convolution without bias."""
    return drawn_conv(in_channels, out_channels, 1, stride)


def drawn_conv(
    in_channels: int, out_channels: int, kernel: int, stride: int, padding: int = 0, groups: int = 1, dilation: int = 1
) -> nn.Conv2d:
    """A convolution without bias whose weights are drawn once, from N(0, 2 / fan_out).

    Source: He et al. 2015, "Delving deep into rectifiers", arXiv:1502.01852, eq. 14.
    """
    conv = undrawn(
        nn.Conv2d,
        in_channels,
        out_channels,
        kernel,
        stride=stride,
        padding=padding,
        groups=groups,
        dilation=dilation,
        bias=False,
    )
    nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
    return conv


def death_rates(last: float, blocks: int) -> list[float]:
    """How often each block's branch is left out: in proportion to its depth, ``last`` at the end.

    Source: Huang et al. 2016, "Deep Networks with Stochastic Depth", arXiv:1603.09382, eq. 4.

    Raises:
        InputError: ``last`` lies outside [0, 1).

    >>> death_rates(0.5, 4)
    [0.125, 0.25, 0.375, 0.5]
    """
    if not 0 <= last < 1:
        raise InputError(
            f"stochastic_depth must lie in [0, 1), got {last}: it is the chance that the last block is left out"
        )
    return [last * number / blocks for number in range(1, blocks + 1)]


class BasicBlock(nn.Module):
    """Two 3x3 convolutions around which the input takes a short cut.

    Source: He et al. 2015, "Deep residual learning for image recognition", arXiv:1512.03385, figure 5 left.

    Args:
        in_channels: of the input.
        channels: of both convolutions.
        stride: of the first convolution, and of the 1x1 convolution that then stands in the shortcut.
        groups: of both convolutions.
        base_width: has no meaning here; it is there so that both blocks are called alike.
        dilation: of both convolutions.
        death_rate: chance that a sample skips the branch while training.
        conv: makes the 3x3 convolutions.

    Shape:
        ``(B, in_channels, H, W)`` to ``(B, channels, ceil(H / stride), ceil(W / stride))``.
    """

    expansion: ClassVar[int] = 1

    def __init__(
        self,
        in_channels: int,
        channels: int,
        stride: int = 1,
        groups: int = 1,
        base_width: int = 64,
        dilation: int = 1,
        death_rate: float = 0.0,
        conv: Conv3x3 = conv3x3,
    ) -> None:
        super().__init__()
        self.conv1 = conv(in_channels, channels, stride, groups, dilation)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = conv(channels, channels, 1, groups, dilation)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample = projection(in_channels, channels, stride)
        self.drop = StochasticDepth(1 - death_rate) if death_rate else None

    def forward(self, x_BCHW: Tensor) -> Tensor:
        branch_BCHW = self.relu(self.bn1(self.conv1(x_BCHW)))
        branch_BCHW = self.bn2(self.conv2(branch_BCHW))
        if self.drop is not None:
            branch_BCHW = self.drop(branch_BCHW)
        branch_BCHW += x_BCHW if self.downsample is None else self.downsample(x_BCHW)
        return self.relu(branch_BCHW)  # type: ignore[no-any-return]

    def last_norm(self) -> nn.BatchNorm2d:
        """The normalisation at the end of the branch: at a scale of zero the block passes its input on."""
        return self.bn2


class Bottleneck(nn.Module):
    """A 3x3 convolution between two 1x1 convolutions that narrow and widen, and the shortcut.

    Source: He et al. 2015, "Deep residual learning for image recognition", arXiv:1512.03385, figure 5 right; with
    groups, Xie et al. 2016, "Aggregated residual transformations for deep neural networks", arXiv:1611.05431, figure
    3c. Changed: the stride is that of the 3x3 convolution instead of the first 1x1, as in torchvision and timm.

    Args:
        in_channels: of the input.
        channels: a quarter of those of the output.
        stride: of the 3x3 convolution, and of the 1x1 convolution that then stands in the shortcut.
        groups: of the 3x3 convolution.
        base_width: channels of a group where ``channels`` is 64.
        dilation: of the 3x3 convolution.
        death_rate: chance that a sample skips the branch while training.
        conv: makes the 3x3 convolution.

    Shape:
        ``(B, in_channels, H, W)`` to ``(B, 4 * channels, ceil(H / stride), ceil(W / stride))``.
    """

    expansion: ClassVar[int] = 4

    def __init__(
        self,
        in_channels: int,
        channels: int,
        stride: int = 1,
        groups: int = 1,
        base_width: int = 64,
        dilation: int = 1,
        death_rate: float = 0.0,
        conv: Conv3x3 = conv3x3,
    ) -> None:
        super().__init__()
        width = channels * base_width // 64 * groups
        out_channels = channels * self.expansion
        self.conv1 = conv1x1(in_channels, width)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = conv(width, width, stride, groups, dilation)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = conv1x1(width, out_channels)
        self.bn3 = nn.BatchNorm2d(out_channels)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = projection(in_channels, out_channels, stride)
        self.drop = StochasticDepth(1 - death_rate) if death_rate else None

    def forward(self, x_BCHW: Tensor) -> Tensor:
        branch_BCHW = self.relu(self.bn1(self.conv1(x_BCHW)))
        branch_BCHW = self.relu(self.bn2(self.conv2(branch_BCHW)))
        branch_BCHW = self.bn3(self.conv3(branch_BCHW))
        if self.drop is not None:
            branch_BCHW = self.drop(branch_BCHW)
        branch_BCHW += x_BCHW if self.downsample is None else self.downsample(x_BCHW)
        return self.relu(branch_BCHW)  # type: ignore[no-any-return]

    def last_norm(self) -> nn.BatchNorm2d:
        """The normalisation at the end of the branch: at a scale of zero the block passes its input on."""
        return self.bn3


def projection(in_channels: int, out_channels: int, stride: int) -> nn.Module | None:
    """The shortcut where the shape changes, a normalised 1x1 convolution (option B of section 3.3); else none."""
    if stride == 1 and in_channels == out_channels:
        return None
    return nn.Sequential(conv1x1(in_channels, out_channels, stride), nn.BatchNorm2d(out_channels))
