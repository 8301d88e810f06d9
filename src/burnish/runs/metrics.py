"""``metrics.jsonl``: one row a line, cut back to the checkpoint when a run resumes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from burnish.common.errors import InputError

if TYPE_CHECKING:
    from burnish.training.engine import Engine
    from burnish.training.events import Row


class MetricsLog:
    """Append every row of a training run to a file.

    A checkpoint keeps how long the file was; resuming cuts off the rows that the resumed run will write again.
    """

    name = "metrics"

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writes = True

    def subscribe(self, engine: Engine) -> None:
        """Read every row; of several processes, the main one alone."""
        self._writes = engine.world.is_main
        if self._writes:
            engine.row_readers.append(self.write)

    def write(self, row: Row) -> None:
        """Append one row, in one piece."""
        line = json.dumps(row, allow_nan=True) + "\n"
        with open(self.path, "ab", buffering=0) as file:
            file.write(line.encode())

    def state_dict(self) -> dict[str, Any]:
        """How long the file is."""
        return {"bytes": self.path.stat().st_size if self.path.exists() else 0}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Cut the file back to what it was; after a power cut it may be shorter, so it ends with a whole row."""
        if not self._writes or not self.path.exists():
            return
        with open(self.path, "r+b") as file:
            kept = file.read(state["bytes"])
            file.truncate(kept.rfind(b"\n") + 1)


def read_metrics(path: Path) -> list[Row]:
    """All rows of a ``metrics.jsonl``, or none where there is no file.

    A last line that a killed process left half-written is dropped.

    Raises:
        InputError: a line before the last is no row.
    """
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")
    rows: list[Row] = []
    for number, line in enumerate(lines[:-1], start=1):
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, dict):
            raise InputError(f"line {number} of {path} is damaged: remove it to read the others")
        rows.append(row)
    return rows
