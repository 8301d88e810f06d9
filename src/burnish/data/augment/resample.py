"""Pixels of a batch at other places: exact where pixels go to pixels, bilinear elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from burnish.data.augment import affine
from burnish.data.augment.operation import Size

Fill = Literal["zero", "edge", "reflect"]
"""What lies outside of an image: black, the nearest pixel, or the image mirrored at its edge."""

_CACHED_BYTES = 2**21
_PADDING = {"zero": "zeros", "edge": "border", "reflect": "reflection"}


def resample(images: Tensor, maps: Tensor, canvas: Size, fill: Fill = "zero") -> Tensor:
    """New images of the canvas's size, ``(batch, C, height, width)``.

    Maps that take pixels to pixels copy them; nothing is blended and no bit changes. Others are sampled bilinearly at
    the centres of the new pixels. An image that shrinks to less than half is halved by averaging first, as often as it
    takes: the four neighbours of a sample would miss most of its pixels. The pixels of a sample do not depend on the
    others in its batch.

    Args:
        images: float images in any range, or bytes, ``(batch, C, H, W)``.
        maps: from the old images to the new, ``(batch, 3, 3)`` float64 on the CPU.
        canvas: height and width of the new images.
        fill: what lies outside of the old ones.

    Returns:
        New float images, in [0, 1] where bytes were given; the given ones themselves where nothing moves.
    """
    if tuple(images.shape[2:]) == canvas and torch.equal(maps, affine.identity(len(maps))):
        return as_floats(images)
    exact = affine.is_exact(maps)
    halvings = torch.log2(1 / affine.magnification(maps)).ceil().sub(1).clamp(min=0).long().masked_fill(exact, -1)
    dtype = torch.float32 if images.dtype == torch.uint8 else images.dtype
    made = images.new_empty(len(images), images.shape[1], *canvas, dtype=dtype)
    kinds = halvings.unique().tolist()
    for part in parts(made):
        for kind in kinds:
            mine = halvings[part] == kind
            if bool(mine.all()):
                made[part] = _resampled(images[part], maps[part], canvas, fill, kind)
            elif bool(mine.any()):
                chosen = mine.to(images.device)
                made[part][chosen] = _resampled(images[part][chosen], maps[part][mine], canvas, fill, kind)
    return made


def parts(images: Tensor) -> Iterator[slice]:
    """Cut a batch on the CPU so that what is computed on the way to a part of it stays in the cache.

    Fresh memory for whole batches costs several times the arithmetic: 390 us instead of 40 for the colours of an image
    of 224x224. On a GPU there is one part.
    """
    step = len(images)
    if images.device.type == "cpu" and step:
        step = max(1, _CACHED_BYTES // max(1, images[0].nbytes))
    for start in range(0, len(images), max(1, step)):
        yield slice(start, start + step)


def as_floats(images: Tensor) -> Tensor:
    """Bytes as floats in [0, 1]; anything else as it is."""
    return images.float().div_(255) if images.dtype == torch.uint8 else images


def pick(images: Tensor, maps: Tensor, canvas: Size, fill: Fill = "zero", *, outside: float = 0) -> Tensor:
    """The nearest old pixel for every new one, ``(batch, C, height, width)``: for masks of classes, of any type.

    Args:
        images: of any type, ``(batch, C, H, W)``.
        maps: from the old images to the new, ``(batch, 3, 3)`` float64 on the CPU.
        canvas: height and width of the new images.
        fill: what lies outside of the old ones.
        outside: the value there where ``fill`` is ``"zero"``.
    """
    back = affine.invert(maps)
    count, channels, height, width = images.shape
    columns, rows = _positions(back, canvas)
    x, y = (columns + rows).floor().long().unbind(1)
    inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
    if fill == "reflect":
        y, x = _mirrored(y, height), _mirrored(x, width)
    y, x = y.clamp(0, height - 1), x.clamp(0, width - 1)
    where = (y * width + x).reshape(count, 1, -1).to(images.device)
    made = images.reshape(count, channels, -1).gather(2, where.expand(-1, channels, -1)).view(count, channels, *canvas)
    if fill == "zero" and not bool(inside.all()):
        made.masked_fill_(~inside[:, None].to(images.device), outside)
    return made


def _resampled(images: Tensor, maps: Tensor, canvas: Size, fill: Fill, halvings: int) -> Tensor:
    images = as_floats(images)
    if halvings > 0:
        height, width = (max(1, -(-side >> halvings)) for side in images.shape[2:])
        smaller = torch.tensor([images.shape[3] / width, images.shape[2] / height, 1.0], dtype=torch.float64)
        images, maps = F.adaptive_avg_pool2d(images, (height, width)), maps * smaller
    columns, rows = _positions(affine.invert(maps), canvas)
    # torch counts coordinates from -1 to 1 from edge to edge: the same continuous ones, scaled.
    scale = torch.tensor([2 / images.shape[3], 2 / images.shape[2]], dtype=torch.float64)[:, None, None]
    # A sum of two, not a product of matrices: its bits cannot depend on the size of the batch.
    grid = (columns * scale).to(images) + (rows * scale - 1).to(images)
    mode = "nearest" if halvings < 0 else "bilinear"  # where pixels go to pixels, the nearest is the one, bit for bit
    return F.grid_sample(images, grid.permute(0, 2, 3, 1), mode=mode, padding_mode=_PADDING[fill], align_corners=False)


def _positions(back: Tensor, canvas: Size) -> tuple[Tensor, Tensor]:
    """Where the centres of new pixels lie in the old image: two parts to add, one by column and one by row.

    Returns:
        x and y of ``(batch, 2, 1, width)`` and ``(batch, 2, height, 1)``, float64.
    """
    down = torch.arange(canvas[0], dtype=torch.float64) + 0.5
    across = torch.arange(canvas[1], dtype=torch.float64) + 0.5
    columns = back[:, :2, 0, None, None] * across
    rows = back[:, :2, 1, None, None] * down[:, None] + back[:, :2, 2, None, None]
    return columns, rows


def _mirrored(position: Tensor, size: int) -> Tensor:
    position = position % (2 * size)
    return torch.minimum(position, 2 * size - 1 - position)
