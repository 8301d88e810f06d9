"""What a model said of new samples: rows for a person, tensors for a program, a CSV file for everybody else."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from burnish.common.errors import InputError
from burnish.common.files import write_atomically
from burnish.verbs.interface.table import table

_SHOWN = 20


@dataclass(frozen=True, eq=False)
class Predictions:
    """One row a sample.

    Args:
        rows: which sample it is (``file``, ``row``, ``prompt`` or ``sample``), then what the model says.
        labels: class of every sample, or the text that was generated.
        probabilities: ``(samples, classes)``, where the model gives them.
        values: predicted numbers ``(samples,)``, or made samples ``(samples, *shape)``.
        skipped: files that could not be read.
        notes: what the user should be told once.

    There is at least one row.

    >>> found = Predictions([{"row": 1, "prediction": "cat", "confidence": 0.75}], ("cat",))
    >>> print(found.text())
    row  prediction  confidence
    ---  ----------  ----------
      1  cat               0.75
    """

    rows: list[dict[str, Any]]
    labels: tuple[str, ...] = ()
    probabilities: Tensor | None = None
    values: Tensor | None = None
    skipped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def to_csv(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write every row, atomically.

        Raises:
            InputError: the file exists and ``overwrite`` is False, or it cannot be written.
        """
        path = check_target(Path(path), overwrite)
        file = io.StringIO()
        writer = csv.DictWriter(file, list(self.rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in row.items()} for row in self.rows)
        try:
            write_atomically(path, file.getvalue().encode("utf-8", "surrogateescape"))  # file names may be any bytes
        except OSError as error:
            raise InputError(f"cannot write {path}: {error.strerror}; choose another file with --to") from None
        return path

    def text(self) -> str:
        """The first rows as a table, without the columns of single classes; texts in full."""
        if self._noun() == "text":
            return "\n\n".join(row["prompt"] + row["text"] for row in self.printable_rows())
        if "picture" in self.rows[0]:
            return f"{self.summary()} of {self.rows[0]['picture']}; --to FOLDER writes them as PNG files"
        rows = self.printable_rows()[:_SHOWN]
        names = [name for name in rows[0] if not name.startswith("probability_")]
        numbers = [name for name in names if not isinstance(rows[0][name], str)]
        told = [table(names, [[_cell(row[name], 4) for name in names] for row in rows], right=numbers)]
        if len(self) > len(rows):
            told.append(f"... and {len(self) - len(rows):,} more; --to FILE.csv writes all")
        return "\n".join(told + self._left_out())

    def summary(self, made: str = "") -> str:
        """How many samples there are and, after ``made``, how many of each class."""
        told = f"{len(self):,} {self._noun()}{'s' * (len(self) != 1)}{made}"
        if self.labels and self._noun() == "prediction":
            counts = Counter(self.labels).most_common()
            told += ": " + ", ".join(f"{name} ({count:,})" for name, count in counts[:_SHOWN])
            told += f" and {len(counts) - _SHOWN} more classes" if len(counts) > _SHOWN else ""
        return "\n".join([told, *self._left_out()])

    def _noun(self) -> str:
        return next((noun for noun in ("text", "sample") if noun in self.rows[0]), "prediction")

    def printable_rows(self) -> list[dict[str, Any]]:
        """The rows; in file names that are not text, the odd bytes are spelt out."""
        return [{key: _printable(value) for key, value in row.items()} for row in self.rows]

    def _left_out(self) -> list[str]:
        if not self.skipped:
            return []
        count = len(self.skipped)
        more = f" and {count - 3:,} more" if count > 3 else ""
        names = ", ".join(_printable(name) for name in self.skipped[:3])
        return [f"left out {count:,} unreadable file{'s' * (count != 1)}: {names}{more}"]


def check_target(path: Path, overwrite: bool, inputs: Sequence[str] = ()) -> Path:
    """The CSV file to write, where it may be written.

    Raises:
        InputError: it is no ``.csv`` name, it exists, it is one of the ``inputs``, or its folder does not exist.
    """
    path = path.expanduser()
    if path.is_dir():
        raise InputError(f"cannot write {path}: it is a folder; name a file in it, such as {path / 'predictions.csv'}")
    if path.suffix.lower() != ".csv":
        raise InputError(f"predictions are written as CSV, got '{path.name}': name it {path.stem}.csv")
    if path.exists():
        if any(path.samefile(name) for name in inputs if Path(name).exists()):
            raise InputError(f"{path} is an input: write the predictions to another file")
        if not overwrite:
            raise InputError(f"{path} exists: choose another name, or replace it with --overwrite")
    if not path.parent.is_dir():
        raise InputError(f"there is no folder '{path.parent}' to write {path.name} in: make it first")
    return path


def _cell(value: Any, digits: int = 6) -> str:
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value)


def _printable(value: Any) -> Any:
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value
