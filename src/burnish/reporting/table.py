"""One row a run: the comparison that a terminal shows and a page opens with."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from burnish.common.intervals import Estimate
from burnish.reporting.formats import ABSENT, duration, estimate_text, has_interval, latency_text, number, words
from burnish.reporting.headline import watched
from burnish.reporting.record import Record, finite, read_record
from burnish.reporting.robustness import best_known, robust_text

ROBUST = "robust accuracy [interval]"
COLUMNS = ("run", "model", "data", "metric", "result [interval]", ROBUST, "parameters", "latency", "time")
_RIGHT = {"parameters", "latency", "time"}


def summary_rows(runs: Sequence[Path]) -> list[dict[str, Any]]:
    """What each run is known by, as plain data fit for JSON.

    Returns:
        One dict a run with the keys ``run``, ``verb``, ``model``, ``data``, ``metric``, ``split``, ``value``, ``low``,
        ``high``, ``count``, ``parameters``, ``latency_ms`` (the measured table), ``seconds`` and ``robust`` (the robust
        accuracy by the strongest suite, with its ``suite``, ``norm`` and ``eps``). None stands for what was not
        measured.

    Raises:
        InputError: a path is not a run.
    """
    return [summary_row(read_record(Path(run))) for run in runs]


def summary_row(record: Record) -> dict[str, Any]:
    """The row of one run."""
    best = watched(record)
    known = best is not None and has_interval(best.estimate)
    latency = record.result.get("latency_ms")
    return {
        "run": str(record.path),
        "verb": record.verb,
        "model": record.model,
        "data": record.data,
        "metric": best.metric if best else None,
        "split": best.split if best else None,
        "value": best.estimate.value if best else None,
        "low": best.estimate.low if best and known else None,
        "high": best.estimate.high if best and known else None,
        "count": best.estimate.count if best else None,
        "parameters": record.result.get("parameters"),
        "latency_ms": latency if isinstance(latency, dict) else None,
        "seconds": finite(record.result.get("seconds")),
        "robust": _robust(record),
    }


def _robust(record: Record) -> dict[str, Any] | None:
    found = best_known(list(record.robustness.values()))
    if found is None:
        return None
    return {**{key: found.get(key) for key in ("suite", "norm", "eps")}, **found["robust_accuracy"]}


def cells(row: dict[str, Any]) -> tuple[str, ...]:
    """A row of :func:`summary_rows` in words, one per name in ``COLUMNS``; a ``name`` in it stands for the run."""
    nan = float("nan")
    result = "no result yet"
    if row["value"] is not None:
        low, high = (nan if row[key] is None else row[key] for key in ("low", "high"))
        result = estimate_text(row["metric"], Estimate(row["value"], low, high, row["count"] or 0))
    return (
        row.get("name") or Path(row["run"]).name or row["run"],
        row["model"],
        row["data"],
        f"{row['split']} {words(row['metric'])}" if row["metric"] else ABSENT,
        result,
        robust_text(row.get("robust")),
        number(row["parameters"]),
        latency_text(row["latency_ms"]),
        duration(row["seconds"]),
    )


def laid_out(rows: Sequence[dict[str, Any]]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Columns and cells of a table of runs; robust accuracy has a column where one of them was attacked."""
    attacked = any(row.get("robust") for row in rows)
    shown = [place for place, column in enumerate(COLUMNS) if attacked or column != ROBUST]
    return tuple(COLUMNS[place] for place in shown), [tuple(cells(row)[place] for place in shown) for row in rows]


def summary_table(rows: Sequence[dict[str, Any]], width: int | None = None) -> str:
    """A plain text table for terminals, without colours, that never cuts a number; latencies without their interval.

    Args:
        rows: from :func:`summary_rows`.
        width: columns to fold into; by default the table is as wide as it needs to be.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    short = [row | {"latency_ms": row["latency_ms"] and {"median": row["latency_ms"].get("median")}} for row in rows]
    columns, lines = laid_out(short)
    for column in columns:
        table.add_column(Text(column), justify="right" if column in _RIGHT else "left", overflow="fold")
    for line in lines:
        table.add_row(*(Text(cell) for cell in line))
    file = io.StringIO()
    Console(file=file, width=width or 10_000, color_system=None, force_terminal=False, legacy_windows=False).print(
        table
    )
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"
