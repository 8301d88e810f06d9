"""``metrics.jsonl``: one row a line, cut back to the checkpoint when a run resumes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

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

    def subscribe(self, engine: Engine) -> None:
        if engine.world.is_main:
            engine.row_readers.append(self.write)

    def write(self, row: Row) -> None:
        """Append one row."""
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(row, allow_nan=True) + "\n")

    def state_dict(self) -> dict[str, Any]:
        return {"bytes": self.path.stat().st_size if self.path.exists() else 0}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if self.path.exists():
            with open(self.path, "r+b") as file:
                file.truncate(state["bytes"])


def read_metrics(path: Path) -> list[Row]:
    """All rows; a last line that a killed process left half-written is dropped."""
    if not path.exists():
        return []
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            rows.append(json.loads(line))
        except ValueError:
            break
    return rows
