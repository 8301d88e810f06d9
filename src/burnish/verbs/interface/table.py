"""A table in plain text, for a terminal, a pipe or an issue."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def table(header: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str] = ()) -> str:
    """Columns in line, under a rule.

    Args:
        header: name of every column.
        rows: the cells, as many in a row as there are columns.
        right: names of the columns whose cells stand at the right, as numbers do.

    >>> print(table(["model", "parameters"], [["mlp", "4,810"], ["lenet5", "61,706"]], right=["parameters"]))
    model   parameters
    ------  ----------
    mlp          4,810
    lenet5      61,706
    """
    widths = [max(map(_width, column)) for column in zip(header, *rows, strict=True)]
    lines = []
    for row in [header, ["-" * width for width in widths], *rows]:
        cells = []
        for name, cell, width in zip(header, row, widths, strict=True):
            gap = " " * (width - _width(cell))
            cells.append(gap + cell if name in right else cell + gap)
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
