"""The few numbers that a run is known by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from burnish.common.intervals import Estimate
from burnish.reporting.formats import read_estimate
from burnish.reporting.record import Record, finite

_NOT_RESULTS = {"event", "step", "epoch", "seconds", "samples_per_second", "learning_rate", "data_wait"}
_ABOUT = {"count", "confidence", "seconds"}
_SPLITS = ("test", "validation", "train")


@dataclass(frozen=True)
class Watched:
    """The metric that a run is judged by: its name, the split it was measured on, and the number."""

    metric: str
    split: str
    estimate: Estimate


def metrics_by_split(record: Record) -> dict[str, dict[str, Estimate]]:
    """Every measured metric, by split with test first; an evaluation's own file wins over the result's copy."""
    plain: dict[str, dict[str, Any]] = {}
    told = record.result.get("metrics")
    for split, metrics in (told if isinstance(told, dict) else {}).items():
        if isinstance(metrics, dict):
            plain.setdefault(str(split), {}).update(metrics)
    for split, evaluation in record.evaluations.items():
        if isinstance(evaluation.get("metrics"), dict):
            plain.setdefault(split, {}).update(evaluation["metrics"])
        summary = {name: told for name, told in evaluation.items() if name not in _ABOUT and finite(told) is not None}
        plain.setdefault(split, {}).update(summary)  # scores of the whole split, such as R squared
    order = [s for s in _SPLITS if s in plain] + sorted(s for s in plain if s not in _SPLITS)
    read = {
        split: {str(name): estimate for name, told in plain[split].items() if (estimate := read_estimate(told))}
        for split in order
    }
    return {split: metrics for split, metrics in read.items() if metrics}


def watched(record: Record) -> Watched | None:
    """The watched metric on test where that was measured, else on validation, else the last validation row so far."""
    measured = metrics_by_split(record)
    if not measured:
        return _so_far(record)
    wanted = str(record.result.get("watched") or "")
    for name in (wanted, "accuracy", "loss"):
        for split, metrics in measured.items():
            if name in metrics:
                return Watched(name, split, metrics[name])
    split, metrics = next(iter(measured.items()))
    name, estimate = next(iter(metrics.items()))
    return Watched(name, split, estimate)


def _so_far(record: Record) -> Watched | None:
    measured = [row for row in record.rows if row.get("event") == "validation"]
    row = measured[-1] if measured else {}
    for name in ("accuracy", "loss", *row):
        if name in _NOT_RESULTS or name.endswith(("_low", "_high")) or finite(row.get(name)) is None:
            continue
        estimate = read_estimate({"value": row[name], "low": row.get(f"{name}_low"), "high": row.get(f"{name}_high")})
        return Watched(name, "validation", estimate) if estimate else None
    return None
