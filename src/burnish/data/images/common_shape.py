"""The one shape that images of many sizes are brought to."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

_LARGEST = 224


def common_shape(headers: Sequence[tuple[int, int, int]]) -> tuple[int, int, int]:
    """A square that suits most images: the median of their shorter sides, at most 224 pixels.

    Where sizes differ the side is a multiple of 8, so that strides come out even. Grey images stay grey where all are.

    Args:
        headers: height, width and channels of some images, at least one.

    Returns:
        ``(C, side, side)``.

    >>> common_shape([(100, 60, 3), (63, 90, 1)])
    (3, 64, 64)
    """
    side = min(_LARGEST, int(median(min(height, width) for height, width, _ in headers)))
    if len({(height, width) for height, width, _ in headers}) > 1:
        side = max(8, round(side / 8) * 8)
    return (1 if all(channels == 1 for _, _, channels in headers) else 3, side, side)
