"""The confusion matrix as a table that stays readable from two classes to a hundred."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from burnish.reporting.formats import percent

_NUMBERS_UP_TO = 16
_LARGEST = 100
_LEVELS = 9


@dataclass(frozen=True)
class Cell:
    """One count; ``level`` 0-9 is its share of the row, ``hint`` says it in words (empty for zero)."""

    count: int
    level: int
    right: bool
    hint: str


@dataclass(frozen=True)
class Mixup:
    """A pair of classes that the model confuses."""

    truth: str
    prediction: str
    count: int
    share: float


@dataclass(frozen=True)
class Confusion:
    """A matrix ready to be laid out.

    Args:
        names: class names in label order.
        rows: cells by truth, then prediction; empty where there are too many classes to draw.
        dense: too many classes for numbers in the cells; colour and hints say them.
        mixups: the most frequent mistakes, most frequent first.
    """

    names: list[str]
    rows: list[list[Cell]]
    dense: bool
    mixups: list[Mixup]

    @property
    def upright(self) -> bool:
        """Whether every name is short enough to stand upright over its column."""
        return max(map(len, self.names)) <= (2 if self.dense else 4)


def confusion(matrix: Any, names: Sequence[str], top: int = 8) -> Confusion | None:
    """Lay out a matrix of counts (row: truth, column: prediction); None when it is not a square one.

    >>> confusion([[8, 2], [0, 5]], ["cat", "dog"]).mixups
    [Mixup(truth='cat', prediction='dog', count=2, share=0.2)]
    """
    if not _square(matrix):
        return None
    size = len(matrix)
    names = [*names, *(str(index) for index in range(len(names), size))][:size]
    totals = [sum(row) for row in matrix]
    rows = [
        [_cell(count, totals[i], names[i], names[j], i == j) for j, count in enumerate(row)]
        for i, row in enumerate(matrix if size <= _LARGEST else [])
    ]
    wrong = ((count, i, j) for i, row in enumerate(matrix) for j, count in enumerate(row) if i != j and count > 0)
    worst = sorted(wrong, key=lambda found: (-found[0], found[1], found[2]))[:top]
    mixups = [Mixup(names[i], names[j], count, count / totals[i]) for count, i, j in worst]
    return Confusion(names, rows, size > _NUMBERS_UP_TO, mixups)


def _square(matrix: Any) -> bool:
    return (
        isinstance(matrix, list)
        and len(matrix) > 0
        and all(isinstance(row, list) and len(row) == len(matrix) for row in matrix)
        and all(isinstance(count, int) for row in matrix for count in row)
    )


def _cell(count: int, total: int, truth: str, prediction: str, right: bool) -> Cell:
    if count <= 0 or total <= 0:
        return Cell(count, 0, right, "")
    share = count / total
    hint = f"{truth} taken for {prediction}: {count} ({percent(share)})"
    return Cell(
        count,
        max(1, round(share * _LEVELS)),
        right,
        f"{truth} recognised: {count} ({percent(share)})" if right else hint,
    )
