"""The trained weights of positions, carried over to images or windows of another size."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from burnish.common.errors import InputError


def resized_positions(positions: Tensor, old: tuple[int, int], new: tuple[int, int]) -> Tensor:
    """The weights of positions for another grid of patches, by bicubic interpolation; the class token keeps its own.

    Source: Dosovitskiy et al. 2020, arXiv:2010.11929, section 3.2 (interpolation; bicubic as in timm).

    Args:
        positions: ``(1, 1 + rows * columns, width)``, the class token first.
        old: rows and columns they were trained for.
        new: rows and columns wanted.

    Returns:
        ``(1, 1 + new rows * new columns, width)``.

    Raises:
        InputError: the positions do not form the old grid.

    >>> tuple(resized_positions(torch.zeros(1, 1 + 14 * 14, 8), (14, 14), (7, 9)).shape)
    (1, 64, 8)
    """
    tokens = 1 + old[0] * old[1]
    if positions.ndim != 3 or positions.shape[1] != tokens:
        raise InputError(
            f"positions of a {old[0]}x{old[1]} grid must be (1, {tokens}, width), got {tuple(positions.shape)}"
        )
    class_token, grid = positions[:, :1], positions[:, 1:].transpose(1, 2).unflatten(2, old)
    resized = _bicubic(grid, new)
    return torch.cat([class_token, resized.flatten(2).transpose(1, 2)], dim=1)


def resized_bias_table(table: Tensor, old: tuple[int, int], new: tuple[int, int]) -> Tensor:
    """The biases of relative positions for another window, by bicubic interpolation.

    Source: Liu et al. 2021, arXiv:2103.14030, section 3.2: a window of H x W has (2H - 1)(2W - 1) relative positions.

    Args:
        table: ``((2 * rows - 1) * (2 * columns - 1), heads)``.
        old: rows and columns of the window they were trained for.
        new: rows and columns wanted.

    Returns:
        ``((2 * new rows - 1) * (2 * new columns - 1), heads)``.

    Raises:
        InputError: the table does not belong to the old window.

    >>> tuple(resized_bias_table(torch.zeros(13 * 13, 3), (7, 7), (4, 4)).shape)
    (49, 3)
    """
    before, after = ((2 * rows - 1, 2 * columns - 1) for rows, columns in (old, new))
    if table.ndim != 2 or len(table) != math.prod(before):
        raise InputError(
            f"biases of a {old[0]}x{old[1]} window must be ({math.prod(before)}, heads), got {tuple(table.shape)}"
        )
    grid = table.T.unflatten(1, before).unsqueeze(0)
    return _bicubic(grid, after)[0].flatten(1).T.contiguous()


def _bicubic(grid_BCHW: Tensor, size: tuple[int, int]) -> Tensor:
    resized = F.interpolate(grid_BCHW.float(), size, mode="bicubic", align_corners=False, antialias=True)
    return resized.to(grid_BCHW.dtype)
