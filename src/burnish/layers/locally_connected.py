"""Locally connected layers: a convolution whose every position has filters of its own."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.layers.conv_arithmetic import Window, output_size

Pair = int | tuple[int, int]


class LocallyConnected2d(nn.Module):
    """Slide a window over the image and meet it with other filters at every position.

    Source: Taigman et al. 2014, "DeepFace: Closing the gap to human-level performance in face verification", section
    3.2. It has as many multiply-adds as the convolution of the same shape, and its parameters times the positions:
    ``positions * out_channels * (in_channels * kernel height * kernel width + 1)``.

    Attributes:
        weight: filters ``(positions * out_channels, in_channels, kernel height, kernel width)``, positions row by row;
            those of one position lie together. It has the fan-in of a convolution's.
        bias: ``(out_channels, H', W')``, or None.

    Args:
        in_channels: channels of the image.
        out_channels: channels of the output.
        input_size: height and width of the image, which fix the number of positions.
        kernel_size: height and width of the filters.
        stride: pixels from one position to the next.
        padding: zeros around the image.
        dilation: pixels between the taps.
        bias: whether a number is added at every position of every channel.

    Shape:
        ``(B, in_channels, *input_size)`` to ``(B, out_channels, H', W')`` as for :class:`torch.nn.Conv2d`.

    Raises:
        InputError: the window does not fit, or an image has another size.

    >>> layer = LocallyConnected2d(3, 8, (6, 5), 3)
    >>> layer(torch.zeros(1, 3, 6, 5)).shape, sum(p.numel() for p in layer.parameters())
    (torch.Size([1, 8, 4, 3]), 2688)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        input_size: tuple[int, int],
        kernel_size: Pair,
        stride: Pair = 1,
        padding: Pair = 0,
        dilation: Pair = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if min(in_channels, out_channels) < 1:
            raise InputError(f"in_channels and out_channels must be at least 1, got {in_channels} and {out_channels}")
        self.input_size = input_size
        self.kernel_size, self.stride, self.padding, self.dilation = map(
            _pair, (kernel_size, stride, padding, dilation)
        )
        windows = map(Window, self.kernel_size, self.stride, self.padding, self.dilation)
        rows, columns = (output_size(side, window) for side, window in zip(input_size, windows, strict=True))
        self.output_size = (rows, columns)
        self.weight = nn.Parameter(torch.empty(rows * columns * out_channels, in_channels, *self.kernel_size))
        if bias:
            self.bias: nn.Parameter | None = nn.Parameter(torch.empty(out_channels, rows, columns))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weights and biases as torch draws those of a convolution: uniform up to 1 / sqrt(fan-in)."""
        bound = self.weight[0].numel() ** -0.5
        nn.init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            nn.init.uniform_(self.bias, -bound, bound)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        if x_BCHW.ndim != 4 or tuple(x_BCHW.shape[1:]) != (self.weight.shape[1], *self.input_size):
            expected = (self.weight.shape[1], *self.input_size)
            raise InputError(
                f"a locally connected layer takes images of the one size it was built for, (batch, {expected[0]}, "
                f"{expected[1]}, {expected[2]}), got {tuple(x_BCHW.shape)}"
            )
        # Letters: P positions, I the inputs of a filter, O output channels.
        seen_BIP = F.unfold(x_BCHW, self.kernel_size, self.dilation, self.padding, self.stride)
        rows, columns = self.output_size
        filters_POI = self.weight.view(rows * columns, -1, seen_BIP.shape[1])
        out_POB = filters_POI @ seen_BIP.permute(2, 1, 0)
        out_BOHW: Tensor = out_POB.permute(2, 1, 0).unflatten(2, (rows, columns))
        return out_BOHW if self.bias is None else out_BOHW + self.bias

    def extra_repr(self) -> str:
        positions = self.output_size[0] * self.output_size[1]
        text = f"{self.weight.shape[1]}, {self.weight.shape[0] // positions}, input_size={self.input_size}"
        text += f", kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"
        return f"{text}, dilation={self.dilation}, bias={self.bias is not None}"


def _pair(value: Pair) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (value[0], value[1])
