"""Everything that a page says about one run, decided before anything is laid out."""

from __future__ import annotations

import os
import urllib.parse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from burnish.reporting.evaluation import EvaluationView, evaluation_view
from burnish.reporting.figures.canvas import Drawing
from burnish.reporting.figures.curves import curves
from burnish.reporting.formats import (
    ABSENT,
    duration,
    estimate_text,
    interval_text,
    latency_setting,
    latency_text,
    number,
    percent,
    value_text,
    words,
)
from burnish.reporting.headline import metrics_by_split, watched
from burnish.reporting.lineage import Ancestor, lineage
from burnish.reporting.pruning import PruningView, pruning_view
from burnish.reporting.record import Record, finite
from burnish.reporting.robustness import RobustnessView, robustness_view
from burnish.reporting.series import charts
from burnish.reporting.settings import by_section, flat, plain
from burnish.reporting.table import cells, summary_row


@dataclass(frozen=True)
class Fact:
    """A labelled number and the fine print under it."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Step:
    """One run of the lineage."""

    name: str
    link: str | None
    here: bool
    found: bool
    attacked: bool
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """One run's part of a page."""

    anchor: str
    name: str
    verb: str
    model: str
    data: str
    headline: Fact | None
    facts: list[Fact]
    remarks: list[str]
    notes: list[str]
    splits: list[str]
    metrics: list[tuple[str, list[str]]]
    pruning: PruningView | None
    drawings: list[Drawing]
    evaluations: list[EvaluationView]
    robustness: list[RobustnessView]
    steps: list[Step]
    config: list[tuple[str, list[tuple[str, str]]]]
    environment: list[tuple[str, str]]


def section(record: Record, anchor: str, page: Path) -> Section:
    """Decide what to say about a run on a page that will lie at ``page``."""
    splits = metrics_by_split(record)
    best = watched(record)
    names = list(dict.fromkeys([*([best.metric] if best and splits else []), *(n for m in splits.values() for n in m)]))
    return Section(
        anchor=anchor,
        name=record.name,
        verb=record.verb,
        model=record.model,
        data=record.data,
        headline=_headline(record),
        facts=_facts(record),
        remarks=_remarks(record),
        notes=_notes(record.result.get("notes")),
        splits=list(splits),
        metrics=[
            (words(name), [estimate_text(name, m[name]) if name in m else ABSENT for m in splits.values()])
            for name in names
        ],
        pruning=pruning_view(record.result.get("pruning"), f"{anchor}-pruned", best.metric if best else None),
        drawings=[curves(chart, f"{anchor}-chart{index}") for index, chart in enumerate(charts(record.rows))],
        evaluations=[
            evaluation_view(split, told, f"{anchor}-{index}")
            for index, (split, told) in enumerate(record.evaluations.items())
        ],
        robustness=[
            robustness_view(told, f"{anchor}-robust{index}") for index, told in enumerate(record.robustness.values())
        ],
        steps=[_step(ancestor, record, page) for ancestor in lineage(record)],
        config=list(by_section(record.config)),
        environment=[(words(key), plain(value)) for key, value in flat(record.environment)],
    )


def _headline(record: Record) -> Fact | None:
    best = watched(record)
    if best is None:
        return None
    estimate = best.estimate
    note = ""
    if interval := interval_text(best.metric, estimate):
        of = f" from {number(estimate.count)} samples" if estimate.count else ""
        note = f"{100 * estimate.confidence:g} % interval {interval}{of}"
    so_far = "" if record.finished else " so far"
    return Fact(f"{best.split} {words(best.metric)}{so_far}", value_text(best.metric, estimate), note)


def _facts(record: Record) -> list[Fact]:
    result = record.result
    facts = []
    if result.get("parameters") is not None:
        facts.append(Fact("parameters", number(result["parameters"])))
    if result.get("latency_ms"):
        facts.append(
            Fact("latency", latency_text(result["latency_ms"]), f"measured; {latency_setting(result['latency_ms'])}")
        )
    spent = [_counted(result[key], key) for key in ("epochs", "steps") if result.get(key) is not None]
    seconds = result.get("seconds")
    if seconds is None and record.rows:
        seconds = next(
            (told for row in reversed(record.rows) if (told := finite(row.get("seconds"))) is not None), None
        )
        step = record.rows[-1].get("step")
        spent = [f"step {number(step)} so far"] if step is not None else []
    if seconds is not None or spent:
        facts.append(Fact("time", duration(seconds), ", ".join(spent)))
    loading = result.get("loading")
    if isinstance(loading, dict) and finite(loading.get("wait")) is not None:
        facts.append(Fact("waiting for data", percent(loading["wait"]), _readers(loading)))
    return facts


def _readers(loading: dict[str, Any]) -> str:
    """Who read the files, where there were any to read."""
    workers = finite(loading.get("workers"))
    told = [] if workers is None else [f"{_counted(int(workers), 'workers')} beside training"]
    if loading.get("step_ms") is not None and loading.get("read_ms") is not None:
        told.append(f"{number(loading['read_ms'])} ms to read a batch, {number(loading['step_ms'])} ms for its step")
    return "; ".join(told)


def _counted(count: object, plural: str) -> str:
    return f"{number(count)} {plural.removesuffix('s') if count == 1 else plural}"


def _notes(told: object) -> list[str]:
    return [str(note) for note in told] if isinstance(told, list) else [told] if isinstance(told, str) and told else []


def _remarks(record: Record) -> list[str]:
    remarks = list(record.remarks)
    loading = record.result.get("loading")
    if isinstance(loading, dict) and isinstance(loading.get("advice"), str):
        remarks.append(f"T{loading['advice'][1:]}.")
    if not record.evaluations and record.finished and record.verb != "attack":
        remarks.append(
            f"No evaluation is stored with this run: `burnish evaluate {record.path}` adds the per-class table, "
            "the confusion matrix and the mistakes."
        )
    if not record.finished and (record.path / "checkpoints").is_dir():
        remarks.append(f"If nothing is writing here any more, `burnish fit --resume {record.path}` continues it.")
    return remarks


def _step(ancestor: Ancestor, record: Record, page: Path) -> Step:
    here = ancestor.record is record
    report = ancestor.path / "report.html"
    link = None
    if not here and report.is_file():
        link = urllib.parse.quote(os.path.relpath(report, page.resolve().parent).replace(os.sep, "/"))
    row = summary_row(ancestor.record) if ancestor.record else None
    told = cells(row) if row else ()
    return Step(ancestor.name, link, here, row is not None, bool(row and row["robust"]), told)
