"""What every benchmark shares: a table on the screen, and a JSON file with what its numbers depend on."""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"

Row = Mapping[str, Any]


def save(name: str, rows: Sequence[Row], notes: str | Sequence[str] = (), *, packages: Iterable[str] = ()) -> Path:
    """Print the rows and write them to ``results/<name>.json`` with date, hardware and versions.

    Args:
        name: of the benchmark; the file is named after it.
        rows: one mapping a line of the table, all with the same keys, numbers in the unit that the key names.
        notes: what a reader must know: the claim, how it was measured.
        packages: the peers whose versions belong to the result.

    Returns:
        Where the result lies.
    """
    lines = [notes] if isinstance(notes, str) else list(notes)
    print(table(rows))
    for line in lines:
        print(line)
    result = {
        "name": name,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "hardware": hardware(),
        "versions": versions(*packages),
        "notes": lines,
        "rows": [dict(row) for row in rows],
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(result, indent=2, allow_nan=False) + "\n")
    return path


def hardware() -> dict[str, Any]:
    """Model of the processor, cores this process may use, threads of torch, and the GPU if there is one."""
    import torch

    from burnish.runs.environment import processor

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    found: dict[str, Any] = {"cpu": processor(), "cores": cores, "threads": torch.get_num_threads()}
    if torch.cuda.is_available():
        found["gpu"] = torch.cuda.get_device_name()
    return found


def versions(*packages: str) -> dict[str, str]:
    """Python, torch and numpy, and the packages named."""
    found = {"python": platform.python_version()}
    for package in ("torch", "numpy", *packages):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = "absent"
    return found


def table(rows: Sequence[Row]) -> str:
    """Rows as aligned text.

    >>> print(table([{"what": "ours", "us": 1.5}, {"what": "theirs", "us": 120.0}]))
    what    us
    ours    1.5
    theirs  120
    """
    if not rows:
        return "no rows"
    cells = [list(rows[0])] + [[_cell(value) for value in row.values()] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in cells)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
