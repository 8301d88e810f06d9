"""Tables: CSV and Parquet files, one sample a row."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from burnish.common.errors import InputError, did_you_mean, unknown
from burnish.data.data import Data
from burnish.data.options import DataOptions
from burnish.data.schema import Column, Schema
from burnish.data.splits import TEST, VALIDATION, split_indices
from burnish.data.tables.columns import clean, encode_column, find_column, kind_of
from burnish.data.tables.columns import numbers as numbers_of
from burnish.data.tables.file import read_table
from burnish.data.tables.source import TableSource
from burnish.data.tables.target import Target, encode_target

if TYPE_CHECKING:
    import polars as pl


def load_table(path: Path, options: DataOptions, seed: int) -> Data:
    """Load a ``.csv``, ``.tsv`` or ``.parquet`` file for classification or regression.

    Columns are numbers, dates or categories; what never varies, never repeats (identifiers, free text) or is of another
    kind is left out, and said. Categories are those of the training split, so that the other splits test what happens
    with new ones.

    Args:
        path: the file.
        options: ``target``, ``goal`` and the shares held out.
        seed: decides which rows are held out.

    Raises:
        InputError: the file cannot be read, has no such target, no rows or no usable column, or one class only.
    """
    frame = read_table(path)
    if not frame.width or not frame.height:
        raise InputError(f"{path} has no rows: expected a line of column names, then a line per sample")
    target_name = options.target or frame.columns[-1]
    if target_name not in frame.columns:
        raise unknown(f"target column of {path}", target_name, frame.columns)
    notes = [] if options.target else [f"the target is '{target_name}', the last column; target= names another"]
    frame, numbers, dropped = _with_target(frame, target_name, path)
    if dropped:
        notes.append(f"left out {dropped} row{'s' * (dropped > 1)} without a value of '{target_name}'")
    target = encode_target(clean(frame[target_name]), options.goal, str(path))
    notes += [target.note] if target.note else []

    validation = VALIDATION if options.validation is None else options.validation
    test = TEST if options.test is None else options.test
    labels = target.values if target.goal == "classification" else None
    parts = split_indices(frame.height, validation, test, seed=seed, labels=labels)
    columns, column_notes = _columns(frame.drop(target_name), parts[0])
    if not columns:
        raise InputError(
            f"{path} has no column to learn from beside '{target_name}': {'; '.join(column_notes) or 'add one'}"
        )
    schema = _schema(columns, target, target_name)
    rows = TableSource(encode_rows(schema, frame), target.values, numbers, path.name)
    train, held_out, unseen = (rows.rows(index) for index in parts)
    found = (*notes, *column_notes)
    return Data(path.stem, schema, train, held_out, unseen, origin=os.path.abspath(path), notes=found)


def encode_rows(schema: Schema, table: pl.DataFrame | str | os.PathLike[str]) -> Tensor:
    """The rows of a frame or a file as a model's input, by the schema alone: ``(rows, columns)`` float32.

    Missing values are NaN and categories that the schema does not know -1. Columns that it does not name, the target
    among them, are not looked at.

    Raises:
        InputError: a column is missing or holds another kind of value, or the file cannot be read.

    >>> import polars as pl
    >>> columns = (Column("age", "numeric"), Column("job", "categorical", ("cook", "smith")))
    >>> schema = Schema("table", "regression", (2,), columns=columns)
    >>> encode_rows(schema, pl.DataFrame({"job": ["smith", "pilot"], "age": [31, None]})).tolist()
    [[31.0, 1.0], [nan, -1.0]]
    """
    import polars as pl

    where = "the table" if isinstance(table, pl.DataFrame) else str(table)
    frame = table if isinstance(table, pl.DataFrame) else read_table(Path(table))
    for column in schema.columns:
        if column.name not in frame.columns:
            raise InputError(
                f"{where} has no column '{column.name}'{did_you_mean(column.name, frame.columns)}: "
                f"the model needs {', '.join(column.name for column in schema.columns)}"
            )
    return torch.stack([encode_column(column, frame[column.name], where) for column in schema.columns], dim=1)


def _with_target(frame: pl.DataFrame, target: str, path: Path) -> tuple[pl.DataFrame, Tensor, int]:
    """The rows whose target is known, their numbers in the file, and how many others there were."""
    values = clean(frame[target])
    known = (numbers_of(values) if kind_of(values) == "numeric" else values).is_not_null()
    if not known.any():
        raise InputError(f"target column '{target}' of {path} is empty: name another column with target=")
    numbers = torch.from_numpy(known.arg_true().to_numpy().astype("int64")) + 1
    return frame.filter(known), numbers, frame.height - len(numbers)


def _columns(frame: pl.DataFrame, train: Tensor) -> tuple[list[Column], list[str]]:
    found = [find_column(clean(series), train.numpy()) for series in frame]
    return [column for column, _ in found if column], [note for _, note in found if note]


def _schema(columns: list[Column], target: Target, name: str) -> Schema:
    return Schema("table", target.goal, (len(columns),), classes=target.classes, target=name, columns=tuple(columns))
