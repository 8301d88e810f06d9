"""Pictures in rows and columns, with a word beside and above them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont, ImageFont

_PAPER, _INK, _SOFT = (252, 252, 250), (28, 29, 31), (99, 102, 107)
_EDGE, _GAP = 16, 6
_SMALLEST, _LARGEST = 96, 224


def scale_for(side: int) -> float:
    """By how much to enlarge images of a shorter side, so that they can be seen: whole factors, at most 224 pixels.

    >>> scale_for(28), scale_for(224), scale_for(448)
    (4, 1, 0.5)
    """
    return math.ceil(_SMALLEST / side) if side <= _LARGEST else _LARGEST / side


def draw_grid(title: str, columns: Sequence[str], names: Sequence[str], rows: Sequence[Sequence[Image]]) -> Image:
    """One picture of all: a title, the columns' words, and every row after its name.

    The first column stands apart: it is what the others came from.

    Args:
        title: one line.
        columns: a word for each column.
        names: of the rows.
        rows: pictures of one size, as many in a row as there are columns.
    """
    from PIL import Image as Pillow
    from PIL import ImageDraw

    large, small = _font(16), _font(13)
    width, height = rows[0][0].size
    beside = max((round(small.getlength(name)) for name in names), default=0)
    beside = min(beside, 180) + (10 if beside else 0)
    left, top = _EDGE + beside, _EDGE + 28 + 22
    across = [left + number * (width + _GAP) + (3 * _GAP if number else 0) for number in range(len(columns))]
    needed = _EDGE + round(large.getlength(title)) + _EDGE
    grid = Pillow.new("RGB", (across[-1] + width + _EDGE, top + len(rows) * (height + _GAP) - _GAP + _EDGE), _PAPER)
    pen = ImageDraw.Draw(grid)
    shown = title if needed <= grid.width else _shortened(title, large, grid.width - 2 * _EDGE)
    pen.text((_EDGE, _EDGE - 4), shown, fill=_INK, font=large)
    for word, x in zip(columns, across, strict=True):
        pen.text((x, top - 20), _shortened(word, small, width), fill=_SOFT, font=small)
    for number, (name, row) in enumerate(zip(names, rows, strict=True)):
        y = top + number * (height + _GAP)
        told = _shortened(name, small, beside - 10)
        pen.text((left - 10, y + height // 2), told, fill=_INK, font=small, anchor="rm")
        for picture, x in zip(row, across, strict=True):
            grid.paste(picture, (x, y))
    return grid


def _font(size: int) -> FreeTypeFont | ImageFont:
    from PIL import ImageFont

    return ImageFont.load_default(size)


def _shortened(text: str, font: FreeTypeFont | ImageFont, room: int) -> str:
    """The text, cut at its end where it is too long."""
    if font.getlength(text) <= room:
        return text
    while text and font.getlength(text + "...") > room:
        text = text[:-1]
    return text.rstrip() + "..." if text else ""
