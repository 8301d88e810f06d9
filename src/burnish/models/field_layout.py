"""Which dimension of a tensor holds which dimension of the image, through permutations and reshapes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from burnish.models.reach import Reach


@dataclass(frozen=True)
class Axis:
    """A factor of a dimension: positions of the image where it has a reach, else channels or samples."""

    size: int
    reach: Reach | None = None


Axes = tuple[Axis, ...]
"""One dimension of a tensor. More than one factor where a reshape merged dimensions, none where the size is 1."""

Layout = tuple[Axes, ...]
"""Every dimension of a tensor. Each dimension of the image occurs exactly once."""


def image_layout(shape: Sequence[int]) -> Layout:
    """The layout of ``(batch, channels, *sizes)``."""
    places = tuple((Axis(size, Reach(axis)),) for axis, size in enumerate(shape[2:]))
    return (plain(shape[0]), plain(shape[1]), *places)


def plain(size: int) -> Axes:
    """A dimension without positions."""
    return () if size == 1 else (Axis(size),)


def is_plain(axes: Axes) -> bool:
    """Whether no position of the image lies along a dimension."""
    return all(axis.reach is None for axis in axes)


def tidy(axes: Sequence[Axis]) -> Axes:
    """The one spelling of a dimension: neighbours without positions merged."""
    found: list[Axis] = []
    for axis in axes:
        if axis.reach is None and axis.size == 1:
            continue
        if found and axis.reach is None and found[-1].reach is None:
            found[-1] = Axis(found[-1].size * axis.size)
        else:
            found.append(axis)
    return tuple(found)


def reshaped(layout: Layout, shape: Sequence[int]) -> Layout | None:
    """The layout after a view; None where it tears a row of positions apart.

    >>> from burnish.models.field_layout import image_layout
    >>> merged = reshaped(image_layout((1, 6, 4, 4)), (1, 6, 16))
    >>> [[axis.size for axis in axes] for axes in merged]
    [[], [6], [4, 4]]
    >>> reshaped(merged, (1, 2, 3, 4, 4))[3:] == merged[2:] + ()
    False
    """
    left = [axis for axes in layout for axis in axes]
    result: list[Axes] = []
    for size in shape:
        taken: list[Axis] = []
        filled = 1
        if size == 1 and left and left[0].size == 1:
            taken.append(left.pop(0))
        while filled < size:
            if not left:
                return None
            axis = left.pop(0)
            if filled * axis.size > size or size % (filled * axis.size):
                part = size // filled
                if axis.reach is not None or size % filled or axis.size % part:
                    return None
                left.insert(0, Axis(axis.size // part))
                axis = Axis(part)
            taken.append(axis)
            filled *= axis.size
        result.append(tidy(taken))
    if any(axis.size > 1 for axis in left) or (left and not result):
        return None
    if left:
        result[-1] = tidy([*result[-1], *left])
    return tuple(result)


def joined(layouts: Sequence[Layout]) -> Layout | None:
    """The layout of a sum of tensors of one shape; None where their positions do not move in step."""
    first = layouts[0]
    for other in layouts[1:]:
        if len(first) != len(other):
            return None
        pairs = [_joined(one, two) for one, two in zip(first, other, strict=True)]
        complete = [axes for axes in pairs if axes is not None]
        if len(complete) < len(pairs):
            return None
        first = tuple(complete)
    return first


def _joined(one: Axes, two: Axes) -> Axes | None:
    if one == two:
        return one
    if len(one) != len(two):
        return None
    result = []
    for mine, theirs in zip(one, two, strict=True):
        if mine.size != theirs.size or (mine.reach is None) != (theirs.reach is None):
            return None
        reach = None if mine.reach is None or theirs.reach is None else mine.reach.join(theirs.reach)
        if mine.reach is not None and reach is None:
            return None
        result.append(Axis(mine.size, reach))
    return tuple(result)
