"""Read an image between its pixels, where the taps of a deformable convolution look.

Equations are those of Dai et al. 2017, "Deformable convolutional networks", arXiv:1703.06211. Letters: B batch, C
channels, G offset groups, K taps, H and W height and width of the output.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def tap_positions(
    offset: Tensor,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int],
) -> tuple[Tensor, Tensor]:
    """Where each tap looks: p_0 + p_n + delta p_n of eq. 2, in pixels from the image's first row and column.

    Args:
        offset: displacements ``(B, G 2 K, H, W)``.
        kernel: height and width of the filter.
        stride: pixels from one output to the next.
        padding: zeros around the image.
        dilation: pixels between the undisplaced taps.

    Returns:
        Rows and columns, ``(B, G, K, H, W)`` each, in single precision at least: half of it cannot count to 300.

    >>> y, x = tap_positions(torch.zeros(1, 8, 1, 1), (2, 2), (1, 1), (0, 0), (1, 1))
    >>> y.flatten().tolist(), x.flatten().tolist()
    ([0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0])
    """
    exact = offset if offset.dtype == torch.float64 else offset.float()
    moved_BGK2HW = exact.unflatten(1, (-1, kernel[0] * kernel[1], 2))

    def evenly(count: int, start: int, step: int) -> Tensor:
        return torch.arange(count, device=exact.device, dtype=exact.dtype) * step + start

    down_K = evenly(kernel[0], -padding[0], dilation[0]).repeat_interleave(kernel[1])
    right_K = evenly(kernel[1], -padding[1], dilation[1]).repeat(kernel[0])
    rows_H, columns_W = evenly(offset.shape[2], 0, stride[0]), evenly(offset.shape[3], 0, stride[1])
    y_BGKHW = moved_BGK2HW[:, :, :, 0] + (down_K.view(-1, 1, 1) + rows_H.view(-1, 1))
    x_BGKHW = moved_BGK2HW[:, :, :, 1] + (right_K.view(-1, 1, 1) + columns_W)
    return y_BGKHW, x_BGKHW


def sample_rows(input: Tensor, y_BGKHW: Tensor, x_BGKHW: Tensor, mask_BGKHW: Tensor | None) -> Tensor:
    """Mix the four pixels around every position, each a row of channels: eq. 3 and 4.

    Args:
        input: images ``(B, C, H_in, W_in)``; zeros lie around them.
        y_BGKHW: rows, in pixels.
        x_BGKHW: columns, in pixels.
        mask_BGKHW: a factor for every sample.

    Returns:
        The samples, ``(B, C, K H, W)``, tap below tap, in channels-last order.
    """
    batch, channels, height, width = input.shape
    _, groups, taps, rows, columns = y_BGKHW.shape
    y, x = y_BGKHW.permute(0, 2, 3, 4, 1), x_BGKHW.permute(0, 2, 3, 4, 1)  # B K H W G, the order of the samples
    top, left = y.floor(), x.floor()
    below, beyond = y - top, x - left
    if mask_BGKHW is not None:
        mask = mask_BGKHW.permute(0, 2, 3, 4, 1).to(y.dtype)
        share_top, share_below = (1 - below) * mask, below * mask
    else:
        share_top, share_below = 1 - below, below
    whole = torch.int32 if input.numel() < 2**31 else torch.int64  # narrow numbers are sorted faster for the gradient
    first = torch.arange(batch, device=input.device, dtype=whole).view(-1, 1, 1, 1, 1) * (height * width)
    group = torch.arange(groups, device=input.device, dtype=whole)
    numbers, shares = [], []
    for row, row_share in ((top.to(whole), share_top), (top.to(whole) + 1, share_below)):
        row_share = row_share * ((row >= 0) & (row < height))
        start = first + row.clamp(0, height - 1) * width
        for column, share in ((left.to(whole), 1 - beyond), (left.to(whole) + 1, beyond)):
            shares.append(row_share * share * ((column >= 0) & (column < width)))
            numbers.append((start + column.clamp(0, width - 1)) * groups + group)
    table = input.permute(0, 2, 3, 1).reshape(batch * height * width * groups, channels // groups)
    samples = F.embedding_bag(
        torch.stack(numbers, dim=-1).flatten(0, -2),
        table,
        mode="sum",
        per_sample_weights=torch.stack(shares, dim=-1).flatten(0, -2).to(input.dtype),
    )
    return samples.view(batch, taps * rows, columns, channels).permute(0, 3, 1, 2)


def sample_planes(input: Tensor, y_BGKHW: Tensor, x_BGKHW: Tensor, mask_BGKHW: Tensor | None) -> Tensor:
    """What :func:`sample_rows` gives, by one operator: ``grid_sample``, which wants fractions of the image."""
    batch, channels, height, width = input.shape
    _, groups, taps, rows, columns = y_BGKHW.shape
    grid = torch.stack(((2 * x_BGKHW + 1) / width - 1, (2 * y_BGKHW + 1) / height - 1), dim=-1)
    samples = F.grid_sample(
        input.reshape(batch * groups, channels // groups, height, width).to(grid.dtype),
        grid.reshape(batch * groups, taps * rows, columns, 2),
        align_corners=False,
    )
    if mask_BGKHW is not None:
        samples = samples * mask_BGKHW.reshape(batch * groups, 1, taps * rows, columns)
    return samples.reshape(batch, channels, taps * rows, columns).to(input.dtype)
