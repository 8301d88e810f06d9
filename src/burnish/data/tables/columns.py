"""What the columns of a table mean, and their values as numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor

from burnish.common.errors import InputError
from burnish.data.schema import Column

if TYPE_CHECKING:
    import polars as pl

_MISSING = ("", "na", "n/a", "nan", "null")
_DATE_FORMATS = ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f%#z")
_IDENTIFIER = re.compile(r"|index|unnamed: 0|(.*[ _-])?(id|uuid)", re.IGNORECASE)
_MOST_CATEGORIES = 256
_WANTED = {"numeric": "numbers", "date": "ISO dates (2026-01-31)", "categorical": "text"}
_MICROSECONDS_A_DAY = 86_400e6


def clean(series: pl.Series) -> pl.Series:
    """One way to say missing: null, for empty text, NA, null, NaN and infinity; text loses the spaces around it."""
    import polars as pl

    if series.dtype in (pl.String, pl.Categorical, pl.Enum):
        text = series.cast(pl.String).str.strip_chars()
        return text.set(text.str.to_lowercase().is_in(_MISSING), None)
    if series.dtype.is_float():
        return series.set(~series.is_finite(), None)
    return series


def numbers(series: pl.Series) -> pl.Series:
    """The values of a clean column as float32, null where they are missing or no numbers."""
    import polars as pl

    values = series.cast(pl.Float64, strict=False).cast(pl.Float32)
    return values.set(~values.is_finite(), None)


def days(series: pl.Series) -> pl.Series:
    """The dates of a clean column as days since 1970 (UTC), null where they are missing or not ISO 8601."""
    import polars as pl

    if series.dtype == pl.String:
        text = series.str.replace(r"^(\d{4}-\d{2}-\d{2})T", "$1 ").str.replace(r"Z$", "+00:00")
        found = pl.Series(series.name, [None] * len(series), dtype=pl.Datetime("us", "UTC"))
        for layout in _DATE_FORMATS:
            found = found.zip_with(found.is_not_null(), text.str.to_datetime(layout, strict=False, time_zone="UTC"))
    elif series.dtype == pl.Date:
        found = series.cast(pl.Datetime("us"))
    elif series.dtype == pl.Datetime:
        found = series
    else:
        return pl.Series(series.name, [None] * len(series), dtype=pl.Float32)
    return (found.dt.epoch("us").cast(pl.Float64) / _MICROSECONDS_A_DAY).cast(pl.Float32)


def kind_of(series: pl.Series) -> Literal["numeric", "categorical", "date"] | None:
    """What a clean column holds, or None for what burnish has no use for (lists, binary data)."""
    import polars as pl

    if series.dtype.is_numeric():
        return "numeric"
    if series.dtype in (pl.Date, pl.Datetime):
        return "date"
    if series.dtype == pl.Boolean:
        return "categorical"
    if series.dtype != pl.String:
        return None
    missing = series.null_count()
    # Infinity is a number, though one that counts as missing.
    if series.cast(pl.Float64, strict=False).null_count() == missing:
        return "numeric"
    looks_like_dates = series.str.contains(r"^\d{4}-\d\d-\d\d([T ]|$)").all()
    return "date" if looks_like_dates and days(series).null_count() == missing else "categorical"


def find_column(series: pl.Series, train: Any) -> tuple[Column | None, str]:
    """What an input column is, or None where it should be left out, and what to tell the user.

    Args:
        series: the clean column, all splits together: they decide the kind.
        train: row numbers of the training split: they decide categories, gaps and constancy.
    """
    import polars as pl

    name = series.name
    kind = kind_of(series)
    if kind is None and series.null_count() < len(series):
        return None, f"left out column '{name}': it holds {series.dtype}, not numbers, categories or dates"
    known = numbers(series)[train] if kind == "numeric" else series[train]
    missing = known.null_count() > 0
    if known.n_unique() <= 1:
        return None, f"left out column '{name}': it {'is empty' if missing else 'never varies'} in the training split"
    different, present = series.drop_nulls().n_unique(), len(series) - series.null_count()
    whole = kind == "numeric" and bool((known.drop_nulls() % 1 == 0).all())
    never_repeats = different == present and present > 2
    if never_repeats and (kind == "categorical" or (whole and _IDENTIFIER.fullmatch(name))):
        return None, f"left out column '{name}': every value is different, like an identifier or free text"
    if kind != "categorical":
        return Column(name, "date" if kind == "date" else "numeric", missing=missing), ""
    if different > 50 and different > present / 2:
        return None, f"left out column '{name}': {different} different texts in {present} rows, like free text"
    counts = known.cast(pl.String).drop_nulls().value_counts(sort=False).rows()
    frequent = sorted(counts, key=lambda pair: (-pair[1], pair[0]))[:_MOST_CATEGORIES]
    note = ""
    if len(counts) > len(frequent):
        note = f"column '{name}': the {_MOST_CATEGORIES} most frequent of {len(counts)} categories are told apart"
    return Column(name, "categorical", tuple(sorted(text for text, _ in frequent)), missing), note


def encode_column(column: Column, series: pl.Series, where: str) -> Tensor:
    """The values of a column ``(rows,)`` float32: numbers, days since 1970, or category codes.

    NaN stands for missing, -1 for a category that the training split does not have.

    Raises:
        InputError: a value is not of the column's kind.
    """
    import polars as pl

    series = clean(series)
    if kind_of(series) is None and series.null_count() < len(series):
        raise InputError(f"column '{column.name}' of {where} holds {series.dtype}: expected {_WANTED[column.kind]}")
    if column.kind == "categorical":
        codes = pl.Series(range(len(column.categories)), dtype=pl.Float32)
        names = series.cast(pl.String)
        values = names.replace_strict(list(column.categories), codes, default=-1.0, return_dtype=pl.Float32)
        values = values.set(series.is_null(), None)
    else:
        values = days(series) if column.kind == "date" else numbers(series)
        understood = values if column.kind == "date" else series.cast(pl.Float64, strict=False)
        wrong = (understood.is_null() & series.is_not_null()).arg_true()
        if len(wrong):
            raise InputError(
                f"column '{column.name}' of {where} must hold {_WANTED[column.kind]}, "
                f"row {wrong[0] + 1} has '{series[int(wrong[0])]}'"
            )
    return torch.from_numpy(values.fill_null(float("nan")).to_numpy().copy())
