"""Table files to frames: CSV as text, column by column, and Parquet with its own types."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from burnish.common.errors import InputError

if TYPE_CHECKING:
    import polars as pl

SUFFIXES = (".csv", ".tsv", ".parquet")


def read_table(path: Path) -> pl.DataFrame:
    """Read a table; columns of CSV files are text, so that their meaning is decided in one place only.

    The separator is a comma, a tab for ``.tsv``, and a semicolon where a CSV header has no comma but semicolons. Blank
    lines are left out.

    Raises:
        InputError: no such file, another kind of file, or one that is empty, not UTF-8, or ragged.
    """
    import polars as pl

    if not path.is_file():
        raise InputError(f"no table at {path}: {'it is a folder' if path.exists() else 'no such file'}")
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(f"{path} is no table that burnish reads: expected {', '.join(SUFFIXES)}, got '{path.suffix}'")
    if suffix == ".parquet":
        try:
            return pl.read_parquet(path)
        except (pl.exceptions.PolarsError, OSError) as error:
            raise InputError(f"cannot read {path} as Parquet: {_first_line(error)}") from None
    try:
        header, separator = _header(path, "\t" if suffix == ".tsv" else ",")
        try:
            frame = pl.read_csv(path, separator=separator, infer_schema=False)
        except pl.exceptions.PolarsError as error:
            _blank_rows(path, separator, len(header))  # knows the line, where rows are ragged
            raise InputError(f"cannot read {path} as CSV: {_first_line(error)}") from None
        if frame.height and frame[:, -1].null_count():  # only then can a row be short, or a line blank
            blank = _blank_rows(path, separator, len(header))
            frame = frame.filter(~pl.int_range(frame.height).is_in(blank)) if blank else frame
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text (byte {error.start} of a block): save it as UTF-8") from None
    except csv.Error as error:
        raise InputError(f"cannot read {path} as CSV: {error}") from None
    frame.columns = header
    return frame


def _header(path: Path, separator: str) -> tuple[list[str], str]:
    with open(path, encoding="utf-8-sig", newline="") as file:
        first = file.readline()
        if separator == "," and "," not in first and ";" in first:
            separator = ";"
        file.seek(0)
        names = [name.strip() for name in next(csv.reader(file, delimiter=separator), [])]
    if not any(names):
        raise InputError(f"{path} is empty: expected a line of column names, then a line per sample")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"{path} has several columns named '{twice[0]}': give every column a name of its own")
    if all(_is_number(name) for name in names):
        raise InputError(f"the first line of {path} holds numbers, not column names: put a line of names above it")
    return names, separator


def _blank_rows(path: Path, separator: str, width: int) -> list[int]:
    """Numbers of the blank lines among the rows.

    Raises:
        InputError: a row has more or fewer fields than the header.
    """
    blank = []
    with open(path, encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=separator)
        next(reader)
        for number, row in enumerate(reader):
            if not row:
                blank.append(number)
            elif len(row) != width:
                raise InputError(
                    f"line {reader.line_num} of {path} has {len(row)} fields where the header has {width}: "
                    f"every row needs {width}, and text with '{separator}' in it needs quotes"
                )
    return blank


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
