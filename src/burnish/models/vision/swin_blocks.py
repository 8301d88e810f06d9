"""Attention in windows that shift from block to block, and the merging of patches between stages."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from burnish.layers.stochastic_depth import StochasticDepth
from burnish.layers.undrawn import undrawn


def drawn_linear(inputs: int, outputs: int, *, bias: bool = True) -> nn.Linear:
    """A linear layer with weights from N(0, 0.02^2) and a bias of zero."""
    layer = undrawn(nn.Linear, inputs, outputs, bias=bias)
    # torchvision cuts this normal at +-2, which is a hundred standard deviations away.
    nn.init.normal_(layer.weight, std=0.02)
    if bias:
        nn.init.zeros_(layer.bias)
    return layer


class WindowAttention(nn.Module):
    """Every position attends to those of its window, with a bias for each relative position.

    Source: Liu et al. 2021, "Swin transformer", arXiv:2103.14030, section 3.2, eq. 4. Maps that the window does not
    divide are padded with zeros, as torchvision does.

    Letters: B batch, H height, W width, C channels, M windows of all images, N positions of a window, Z heads, D width
    of a head.

    Args:
        channels: C; the heads divide it.
        heads: Z.
        window: side of a window, in positions.
        shift: how far the windows are moved down and right; what wraps around attends to its own kind alone. A side
            that one window covers is not shifted.

    Shape:
        ``(B, H, W, C)`` to the same.

    >>> WindowAttention(8, heads=2, window=4, shift=2)(torch.zeros(1, 6, 9, 8)).shape
    torch.Size([1, 6, 9, 8])
    """

    relative_position_index: Tensor

    def __init__(self, channels: int, heads: int, window: int, shift: int) -> None:
        super().__init__()
        self.heads, self.window, self.shift = heads, window, shift
        self.qkv = drawn_linear(channels, 3 * channels)
        self.proj = drawn_linear(channels, channels)
        self._make_positions()
        self.register_buffer("relative_position_index", relative_positions(window))

    def _make_positions(self) -> None:
        table = torch.empty((2 * self.window - 1) ** 2, self.heads)
        self.relative_position_bias_table = nn.Parameter(table)
        nn.init.normal_(self.relative_position_bias_table, std=0.02)

    def position_bias(self) -> Tensor:
        """What is added to the similarities of a window, ``(1, Z, N, N)``."""
        return self._looked_up(self.relative_position_bias_table)

    def _looked_up(self, table: Tensor) -> Tensor:
        positions = self.window**2
        bias_NNZ = table[self.relative_position_index].view(positions, positions, self.heads)
        return bias_NNZ.permute(2, 0, 1).contiguous().unsqueeze(0)

    def forward(self, x_BHWC: Tensor) -> Tensor:
        height, width = x_BHWC.shape[1:3]
        side = self.window
        down, right = -height % side, -width % side
        if down or right:
            x_BHWC = F.pad(x_BHWC, (0, 0, 0, right, 0, down))
        padded = (height + down, width + right)
        shift = (self.shift if padded[0] > side else 0, self.shift if padded[1] > side else 0)
        if any(shift):
            x_BHWC = x_BHWC.roll((-shift[0], -shift[1]), dims=(1, 2))
        bias = self.position_bias()
        if any(shift):
            bias = bias + wrapped(padded, side, shift, device=bias.device).to(bias.dtype).unsqueeze(1)
            bias = bias.expand(x_BHWC.shape[0], *bias.shape).flatten(0, 1)
        x_MNC = self.proj(self._attended(into_windows(x_BHWC, side), bias))
        x_BHWC = out_of_windows(x_MNC, side, padded)
        if any(shift):
            x_BHWC = x_BHWC.roll(shift, dims=(1, 2))
        return x_BHWC[:, :height, :width].contiguous() if down or right else x_BHWC

    def _attended(self, x_MNC: Tensor, bias: Tensor) -> Tensor:
        q_MZND, k_MZND, v_MZND = self._split(self.qkv(x_MNC))
        return heads_joined(F.scaled_dot_product_attention(q_MZND, k_MZND, v_MZND, bias))

    def _split(self, qkv_MNC: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        q_MZND, k_MZND, v_MZND = qkv_MNC.unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4).unbind()
        return q_MZND, k_MZND, v_MZND

    def extra_repr(self) -> str:
        return f"heads={self.heads}, window={self.window}, shift={self.shift}"


class SwinBlock(nn.Module):
    """Attention in windows, then two layers for each position; both normalise first and are added to what came in.

    Source: Liu et al. 2021, arXiv:2103.14030, eq. 3.
    """

    def __init__(self, attention: WindowAttention, channels: int, survival: float) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(channels)
        self.attn = attention
        self.stochastic_depth = StochasticDepth(survival)
        self.norm2 = nn.LayerNorm(channels)
        # The published layout has a dropout at 2 that is never used.
        wide, narrow = drawn_linear(channels, 4 * channels), drawn_linear(4 * channels, channels)
        self.mlp = nn.Sequential(OrderedDict([("0", wide), ("1", nn.GELU()), ("3", narrow)]))

    def forward(self, x_BHWC: Tensor) -> Tensor:
        x_BHWC = x_BHWC + self.stochastic_depth(self.attn(self.norm1(x_BHWC)))
        return x_BHWC + self.stochastic_depth(self.mlp(self.norm2(x_BHWC)))  # type: ignore[no-any-return]


class PatchMerging(nn.Module):
    """Four neighbours become one position of twice the channels. Odd sides are padded with zeros.

    Source: Liu et al. 2021, arXiv:2103.14030, section 3.1.

    >>> PatchMerging(8)(torch.zeros(1, 5, 4, 8)).shape
    torch.Size([1, 3, 2, 16])
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.reduction = drawn_linear(4 * channels, 2 * channels, bias=False)
        self.norm = nn.LayerNorm(4 * channels)

    def forward(self, x_BHWC: Tensor) -> Tensor:
        return self.reduction(self.norm(neighbours(x_BHWC)))  # type: ignore[no-any-return]


def heads_joined(x_MZND: Tensor) -> Tensor:
    """The heads of each position side by side, ``(M, N, Z * D)``."""
    # Not flatten alone: the exporter takes that for a view of what one kernel returned, then puts in another kernel.
    return x_MZND.transpose(1, 2).clone(memory_format=torch.contiguous_format).flatten(2)


def neighbours(x_BHWC: Tensor) -> Tensor:
    """The four positions of each 2x2 square side by side: top left, bottom left, top right, bottom right."""
    height, width = x_BHWC.shape[1:3]
    if height % 2 or width % 2:
        x_BHWC = F.pad(x_BHWC, (0, 0, 0, width % 2, 0, height % 2))
    squares = x_BHWC.unflatten(2, (-1, 2)).unflatten(1, (-1, 2))  # B, H / 2, 2, W / 2, 2, C
    return squares.permute(0, 1, 3, 4, 2, 5).flatten(3)  # type: ignore[no-any-return]


def into_windows(x_BHWC: Tensor, side: int) -> Tensor:
    """Maps cut into windows, ``(M, N, C)``: image by image, row by row."""
    cut = x_BHWC.unflatten(2, (-1, side)).unflatten(1, (-1, side))
    return cut.transpose(2, 3).flatten(3, 4).flatten(0, 2)  # type: ignore[no-any-return]


def out_of_windows(x_MNC: Tensor, side: int, size: tuple[int, int]) -> Tensor:
    """The inverse of :func:`into_windows` for maps of this height and width."""
    rows, columns = size[0] // side, size[1] // side
    cut = x_MNC.view(-1, rows, columns, side, side, x_MNC.shape[-1])
    return cut.transpose(2, 3).reshape(-1, *size, x_MNC.shape[-1])


def relative_positions(side: int) -> Tensor:
    """For each pair of positions in a window the row of the bias table that holds their offset, ``(N * N,)``.

    >>> relative_positions(2).view(4, 4).tolist()
    [[4, 3, 1, 0], [5, 4, 2, 1], [7, 6, 4, 3], [8, 7, 5, 4]]
    """
    along = torch.arange(side)
    rows, columns = along.repeat_interleave(side), along.repeat(side)
    down, right = (place[:, None] - place[None, :] + side - 1 for place in (rows, columns))
    return (down * (2 * side - 1) + right).flatten()


def wrapped(size: tuple[int, int], side: int, shift: tuple[int, int], **options: Any) -> Tensor:
    """What keeps positions apart that are neighbours only because the shift wrapped them around.

    Source: Liu et al. 2021, arXiv:2103.14030, figure 4; -100 as torchvision has it.

    Args:
        size: height and width of the maps, multiples of ``side``.
        side: of a window.
        shift: down and right.
        options: device and dtype of the result.

    Returns:
        ``(windows of an image, N, N)``: 0 within a region, -100 across.
    """
    rows, columns = (
        (torch.arange(length, **options) >= length - side).int()
        + (torch.arange(length, **options) >= length - by).int()
        if by
        else torch.zeros(length, dtype=torch.int32, **options)
        for length, by in zip(size, shift, strict=True)
    )
    region_HW = 3 * rows[:, None] + columns[None, :]
    region_MN = into_windows(region_HW[None, :, :, None], side).squeeze(-1)
    apart = region_MN[:, None, :] != region_MN[:, :, None]
    return apart * -100.0
