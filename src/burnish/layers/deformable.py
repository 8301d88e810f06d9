"""Deformable convolution: every tap of the filter looks where a second convolution sends it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.layers.tap_sampling import sample_planes, sample_rows, tap_positions

Pair = int | tuple[int, int]


class OffsetConv2d(nn.Conv2d):
    """The convolution that says where the taps look; zero at first, so that they look where a plain one's would.

    Attributes:
        learning_rate_factor: what its learning rate is multiplied by: 0.1 (Zhu et al. 2018, arXiv:1811.11168, section
            3.2); 1 for the first version (Dai et al. 2017, arXiv:1703.06211, section 2.3).
    """

    learning_rate_factor: float = 1.0

    def reset_parameters(self) -> None:
        nn.init.zeros_(self.weight)
        if self.bias is not None:
            nn.init.zeros_(self.bias)


class DeformableConv2d(nn.Module):
    """A convolution whose taps are displaced, and weighted if it is modulated, by amounts that the image decides.

    Source: Dai et al. 2017, "Deformable convolutional networks", arXiv:1703.06211, eq. 2; modulated: Zhu et al. 2018,
    "Deformable ConvNets v2", arXiv:1811.11168, eq. 1. It has no second derivatives.

    Args:
        in_channels: channels of the image.
        out_channels: channels of the output.
        kernel_size: height and width of the filter.
        stride: pixels from one output to the next.
        padding: zeros around the image; taps that are sent outside see zeros as well.
        dilation: pixels between the undisplaced taps.
        groups: groups of channels that do not see each other.
        bias: whether an own number is added to each output channel.
        offset_groups: groups of channels with displacements of their own.
        modulated: weight every tap by a number in (0, 1), 0.5 at first: the second version.

    Shape:
        ``(B, in_channels, H, W)`` to ``(B, out_channels, H', W')`` as for :class:`torch.nn.Conv2d`.

    Raises:
        InputError: channels that the groups do not divide.

    >>> layer = DeformableConv2d(4, 8, 3, padding=1, modulated=True)
    >>> layer(torch.zeros(1, 4, 7, 7)).shape, layer.offset.out_channels
    (torch.Size([1, 8, 7, 7]), 27)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Pair = 3,
        stride: Pair = 1,
        padding: Pair = 0,
        dilation: Pair = 1,
        groups: int = 1,
        bias: bool = True,
        offset_groups: int = 1,
        modulated: bool = False,
    ) -> None:
        super().__init__()
        for what, parts in (("groups", groups), ("offset_groups", offset_groups)):
            if parts < 1 or in_channels % parts or (what == "groups" and out_channels % parts):
                raise InputError(
                    f"{what} must divide the channels, got {what}={parts} for {in_channels} in and {out_channels} out"
                )
        self.stride, self.padding, self.dilation = _pair(stride), _pair(padding), _pair(dilation)
        self.groups, self.offset_groups, self.modulated = groups, offset_groups, modulated
        kernel = _pair(kernel_size)
        # Its first weights are those of a plain convolution, whose place it takes.
        plain = nn.Conv2d(in_channels, out_channels, kernel, groups=groups, bias=bias)
        self.weight, self.bias = plain.weight, plain.bias
        self.displacements = 2 * kernel[0] * kernel[1] * offset_groups
        channels = self.displacements * 3 // 2 if modulated else self.displacements
        self.offset = OffsetConv2d(in_channels, channels, kernel, self.stride, self.padding, self.dilation)
        if modulated:
            self.offset.learning_rate_factor = 0.1

    def forward(self, x_BCHW: Tensor) -> Tensor:
        offset, mask = self.offset(x_BCHW), None
        if self.modulated:
            offset, mask = offset[:, : self.displacements], offset[:, self.displacements :].sigmoid()
        return deform_conv2d(x_BCHW, offset, self.weight, self.bias, self.stride, self.padding, self.dilation, mask)

    def extra_repr(self) -> str:
        text = (
            f"{self.weight.shape[1] * self.groups}, {self.weight.shape[0]}, kernel_size={tuple(self.weight.shape[2:])}"
        )
        text += f", stride={self.stride}, padding={self.padding}, dilation={self.dilation}, groups={self.groups}"
        return f"{text}, offset_groups={self.offset_groups}, modulated={self.modulated}"


def deform_conv2d(
    input: Tensor,
    offset: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Pair = 1,
    padding: Pair = 0,
    dilation: Pair = 1,
    mask: Tensor | None = None,
) -> Tensor:
    """Convolve with taps that are displaced by ``offset`` and weighted by ``mask``.

    Source: Dai et al. 2017, arXiv:1703.06211, eq. 2 to 4; with a mask Zhu et al. 2018, arXiv:1811.11168, eq. 1.
    Letters: B batch, C channels, G offset groups, K taps, H and W height and width of the output.

    Args:
        input: images ``(B, C, H_in, W_in)``.
        offset: displacements in pixels ``(B, G 2 K, H, W)``; the taps of a group row by row, each (down, right).
        weight: filters ``(out_channels, C / groups, kernel height, kernel width)``; ``groups`` follows from it.
        bias: a number an output channel ``(out_channels,)``.
        stride: pixels from one output to the next.
        padding: zeros around the image.
        dilation: pixels between the undisplaced taps.
        mask: a factor for every tap ``(B, G K, H, W)``.

    Returns:
        ``(B, out_channels, H, W)``.

    Raises:
        InputError: shapes that do not fit together.

    >>> import torch.nn.functional as F
    >>> images, filters = torch.rand(1, 2, 5, 5), torch.rand(3, 2, 3, 3)
    >>> moved = deform_conv2d(images, torch.zeros(1, 18, 3, 3), filters)
    >>> torch.allclose(moved, F.conv2d(images, filters), atol=1e-6)
    True
    """
    kernel = (weight.shape[2], weight.shape[3])
    taps = kernel[0] * kernel[1]
    stride, padding, dilation = _pair(stride), _pair(padding), _pair(dilation)
    _check(input, offset, weight, mask, stride, padding, dilation)
    y_BGKHW, x_BGKHW = tap_positions(offset, kernel, stride, padding, dilation)
    mask_BGKHW = None if mask is None else mask.unflatten(1, (-1, taps))
    # Rows of a table are read faster than pixels of planes, but runtimes of exported graphs know only the latter.
    sample = sample_planes if torch.compiler.is_exporting() else sample_rows
    # The taps lie one below the other, so that a filter of one column meets its own taps and the result is a
    # convolution again, with torch's fastest kernels for it.
    samples_BCkW = sample(input, y_BGKHW, x_BGKHW, mask_BGKHW)
    groups = input.shape[1] // weight.shape[1]
    column = weight.reshape(weight.shape[0], weight.shape[1], taps, 1)
    return F.conv2d(samples_BCkW, column, bias, dilation=(offset.shape[2], 1), groups=groups)


def _check(
    input: Tensor,
    offset: Tensor,
    weight: Tensor,
    mask: Tensor | None,
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int],
) -> None:
    taps = weight.shape[2] * weight.shape[3]
    if input.ndim != 4 or input.shape[1] % weight.shape[1]:
        raise InputError(
            f"filters for {weight.shape[1]} channels a group need images (batch, a multiple of them, height, width), "
            f"got {tuple(input.shape)}"
        )
    sizes = tuple(
        (side + 2 * around - apart * (width - 1) - 1) // step + 1
        for side, width, step, around, apart in zip(
            input.shape[2:], weight.shape[2:], stride, padding, dilation, strict=True
        )
    )
    groups = offset.shape[1] // (2 * taps)
    if groups < 1 or input.shape[1] % groups or offset.shape != (input.shape[0], 2 * taps * groups, *sizes):
        raise InputError(
            f"offset must be (batch, offset groups x 2 x {taps} taps, height, width) with the output's size, "
            f"{(input.shape[0], 2 * taps, *sizes)} for one group, got {tuple(offset.shape)}"
        )
    if mask is not None and mask.shape != (input.shape[0], taps * groups, *sizes):
        raise InputError(
            f"mask must have a number a tap, {(input.shape[0], taps * groups, *sizes)}, got {tuple(mask.shape)}"
        )


def _pair(value: Pair) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (value[0], value[1])
