"""Runs side by side: a row a run, with the numbers that its folder holds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from burnish.verbs.interface.table import table


def row_of(run: Path, name: str | None = None) -> dict[str, Any]:
    """The headline numbers of a run, as plain data.

    Args:
        run: the run's folder.
        name: what to call it; by default the folder's own name.

    Raises:
        InputError: the folder is not a run.
    """
    from burnish.reporting.headline import watched
    from burnish.reporting.record import read_record

    record = read_record(run)
    best = watched(record)
    latency = record.result.get("latency_ms")
    return {
        "run": str(run),
        "name": name or record.name,
        "model": record.model,
        "data": record.data,
        "metric": best.metric if best else None,
        "split": best.split if best else None,
        "value": best.estimate.value if best else None,
        "low": best.estimate.low if best else None,
        "high": best.estimate.high if best else None,
        "parameters": record.result.get("parameters"),
        "latency_ms": latency.get("median") if isinstance(latency, dict) else None,
        "seconds": record.result.get("seconds"),
    }


def as_table(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as a table for a terminal.

    >>> row = {"name": "base", "model": "mlp", "metric": "accuracy", "split": "test", "value": 0.95, "low": 0.92,
    ...        "high": 0.97, "parameters": 4810, "latency_ms": 0.0301, "seconds": 2.34}
    >>> print(as_table([row]))
    run   model  test accuracy         parameters    latency  seconds
    ----  -----  --------------------  ----------  ---------  -------
    base  mlp    0.950 [0.920, 0.970]       4,810  0.0301 ms      2.3
    """
    measured = {_measured(row) for row in rows if row["metric"]}
    heading = measured.pop() if len(measured) == 1 else "result"
    header = ["run", "model", heading, "parameters", "latency", "seconds"]
    cells = [
        [
            str(row["name"]),
            str(row["model"]),
            _value(row, named=heading == "result"),
            "" if row["parameters"] is None else f"{row['parameters']:,}",
            "" if row["latency_ms"] is None else f"{row['latency_ms']:.3g} ms",
            "" if row["seconds"] is None else f"{row['seconds']:.1f}",
        ]
        for row in rows
    ]
    return table(header, cells, right=["parameters", "latency", "seconds"])


def _measured(row: dict[str, Any]) -> str:
    return f"{row['split']} {row['metric']}"


def _value(row: dict[str, Any], *, named: bool) -> str:
    if row["value"] is None:
        return ""
    text = f"{row['value']:#.3g} [{row['low']:#.3g}, {row['high']:#.3g}]"
    return f"{_measured(row)} {text}" if named else text
