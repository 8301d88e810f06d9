"""The target column of a table: classes or numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from burnish.common.errors import InputError, unknown
from burnish.data.schema import Goal
from burnish.data.tables.columns import days, kind_of, numbers

if TYPE_CHECKING:
    import polars as pl

_MOST_CLASSES = 20
_ROWS_A_CLASS = 10


@dataclass(frozen=True)
class Target:
    """Targets ``(rows,)``: int64 labels with their class names, or float32 numbers as they are in the file."""

    goal: Goal
    values: Tensor
    classes: tuple[str, ...]
    note: str


def encode_target(series: pl.Series, goal: str | None, where: str) -> Target:
    """Labels or numbers from a clean column without gaps.

    Text and truth values are classes. Whole numbers are classes where there are two of them, or at most 20 with ten
    rows each on average; other numbers, and dates, are a regression. A given ``goal`` decides instead.

    Raises:
        InputError: there is one class only, text is asked for as a number, or text never repeats.
    """
    if goal not in (None, "classification", "regression"):
        raise unknown("goal", str(goal), ["classification", "regression"])
    import polars as pl

    kind, name = kind_of(series), f"target column '{series.name}' of {where}"
    if kind is None:
        raise InputError(f"{name} holds {series.dtype}: expected numbers or text")
    if kind == "numeric":
        series = series.cast(pl.Float64)  # 1 and 1.0 are one class
    different = series.n_unique()
    if goal is None:
        found, reason = _infer(series, kind, different)
        _check_repeats(series, found, different, where)
        note = f"{found}, as '{series.name}' holds {reason}; goal= decides otherwise"
    else:
        found, note = ("regression" if goal == "regression" else "classification"), ""
    if found == "regression":
        if kind == "categorical":
            raise InputError(f"{name} holds text ('{series[0]}'): regression needs numbers")
        values = days(series) if kind == "date" else numbers(series)
        return Target("regression", torch.from_numpy(values.to_numpy().copy()), (), note)
    if different < 2:
        raise InputError(f"{name} has one class only ('{series[0]}'): classification needs two or more")
    classes, labels = _labels(series, kind)
    return Target("classification", labels, classes, note)


def _infer(series: pl.Series, kind: str, different: int) -> tuple[Goal, str]:
    if kind == "categorical":
        return "classification", f"{different} different texts"
    if kind == "date":
        return "regression", "dates, read as days since 1970"
    values = numbers(series)
    if not bool((values % 1 == 0).all()):
        return "regression", "fractions"
    few = different <= _MOST_CLASSES and len(series) >= _ROWS_A_CLASS * different
    if different <= 2 or few:
        return "classification", f"{different} different whole numbers"
    return "regression", f"{different} different whole numbers in {len(series)} rows"


def _check_repeats(series: pl.Series, goal: str, different: int, where: str) -> None:
    if goal == "classification" and different > _MOST_CLASSES and different > len(series) / 2:
        raise InputError(
            f"target column '{series.name}' of {where} holds {different} different texts in {len(series)} rows, "
            "which is free text rather than classes: name another column with target="
        )


def _labels(series: pl.Series, kind: str) -> tuple[tuple[str, ...], Tensor]:
    """Class names in their order, numbers by size, and the label of every row."""
    import polars as pl

    values = series if kind == "numeric" else series.cast(pl.String)
    found = values.unique().sort()
    labels = values.replace_strict(found, pl.Series(range(len(found)), dtype=pl.Int64), return_dtype=pl.Int64)
    names = [f"{value:.0f}" if value % 1 == 0 else repr(value) for value in found] if kind == "numeric" else list(found)
    return tuple(names), torch.from_numpy(labels.to_numpy().copy())
