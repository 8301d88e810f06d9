"""Table rows to predict, from files, frames, dicts or arrays, encoded as the run's schema says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from burnish.common.errors import InputError
from burnish.data.arrays.arrays import as_tensor
from burnish.data.schema import Schema
from burnish.data.tables.file import SUFFIXES
from burnish.data.tables.table import encode_rows
from burnish.verbs.predicting.input_files import input_files

if TYPE_CHECKING:
    import polars as pl


def read_tables(words: Sequence[str], schema: Schema) -> tuple[list[dict[str, Any]], Tensor]:
    """The rows of table files.

    Returns:
        What to call every row (its number from 1, and its file where there are several), and the rows
        ``(rows, columns)``.

    Raises:
        InputError: a file is missing, cannot be read or has no rows, or a column is missing.
    """
    files = input_files(words, SUFFIXES, "CSV or Parquet")
    names: list[dict[str, Any]] = []
    parts = []
    for file in files:
        rows = encode_rows(schema, file)
        parts.append(rows)
        named = {"file": file} if len(files) > 1 else {}
        names += [{**named, "row": number} for number in range(1, len(rows) + 1)]
    return names, _filled(torch.cat(parts), ", ".join(files[:3]))


def table_rows(value: Any, schema: Schema) -> Tensor:
    """Rows ``(rows, columns)`` from Python objects.

    Args:
        value: a polars or pandas frame, a dict of columns (or of single values), a list of dicts, or an array
            ``(rows, columns)`` or ``(columns,)`` with NaN for missing and codes for categories.
        schema: what the run was fitted on.

    Raises:
        InputError: a column is missing, or the shape is another.

    >>> from burnish.data.schema import Column
    >>> schema = Schema("table", "regression", (1,), columns=(Column("age", "numeric"),))
    >>> table_rows([{"age": 3}, {"age": None}], schema).tolist()
    [[3.0], [nan]]
    """
    frame = _frame(value)
    if frame is not None:
        return _filled(encode_rows(schema, frame), "the table")
    rows = as_tensor(value, "the rows").float()
    width = len(schema.columns)
    rows = rows[None] if rows.ndim == 1 else rows
    if rows.ndim != 2 or rows.shape[1] != width:
        raise InputError(
            f"the rows have shape {tuple(as_tensor(value, 'the rows').shape)}: expected (rows, {width}), a number for "
            f"each of {', '.join(column.name for column in schema.columns)}"
        )
    if rows.isinf().any():
        raise InputError("the rows have infinite values: replace them (NaN stands for missing)")
    return _filled(rows, "the array")


def unseen_categories(rows: Tensor, schema: Schema) -> list[str]:
    """What to say of categories that the training split does not have."""
    notes = []
    for place, column in enumerate(schema.columns):
        count = int((rows[:, place] == -1).sum()) if column.kind == "categorical" else 0
        if count:
            notes.append(f"column '{column.name}': {count} of {len(rows)} values were not seen in training")
    return notes


def _frame(value: Any) -> pl.DataFrame | None:
    import polars as pl

    if isinstance(value, pl.DataFrame):
        return value
    try:
        if isinstance(value, Mapping):
            scalar = all(isinstance(item, str) or not hasattr(item, "__len__") for item in value.values())
            return pl.DataFrame({k: [v] if scalar else list(v) for k, v in value.items()}, strict=False)
        if isinstance(value, list | tuple) and value and all(isinstance(item, Mapping) for item in value):
            return pl.DataFrame([dict(item) for item in value], strict=False, infer_schema_length=None)
        if hasattr(value, "columns") and hasattr(value, "iloc"):  # pandas, without importing it
            return pl.DataFrame({str(name): value[name].tolist() for name in value.columns}, strict=False)
    except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"the table cannot be read: {reason}; columns of one length are expected") from None
    return None


def _filled(rows: Tensor, where: str) -> Tensor:
    if len(rows) == 0:
        raise InputError(f"{where} has no rows: expected at least one to predict")
    return rows
