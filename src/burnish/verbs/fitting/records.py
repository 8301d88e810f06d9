"""What a fit writes down and says: its config at the beginning, its result at the end."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from torch import nn

from burnish.common.files import write_atomically
from burnish.data.loaders.loader import Loader, evaluation_loader
from burnish.data.loaders.workers import loading_record
from burnish.models.latency import measure_latency
from burnish.runs.config import plain_options, write_config
from burnish.runs.surgery import write_surgery
from burnish.training.engine import Engine
from burnish.verbs.fitting.preparing import Prepared


def result_of(engine: Engine, ready: Prepared, module: nn.Module, notes: list[str], path: Path) -> dict[str, Any]:
    """Plain data for ``result.json``: scores in full precision with intervals, size, measured latency, time."""
    metrics: dict[str, Any] = {}
    if len(ready.data.validation):
        loader: Loader = evaluation_loader(ready.data.validation, workers=ready.options.workers)
        metrics["validation"] = {n: vars(e) for n, e in ready.task.evaluate(module, loader).metrics.items()}
    latency = measure_latency(module, ready.task.example(1), repeats=20)
    return {
        "verb": ready.options.verb,
        "model": ready.model_record["name"],
        "data": ready.data.name,
        "task": ready.task.name,
        "parameters": sum(parameter.numel() for parameter in module.parameters()),
        "metrics": metrics,
        "watched": ready.task.watched[0],
        "latency_ms": {
            "median": latency.median,
            "low": latency.low,
            "high": latency.high,
            "batch": 1,
            "threads": latency.threads,
        },
        "seconds": round(engine.seconds, 3),
        "loading": loading_of(engine),
        "epochs": engine.epoch,
        "steps": engine.step,
        "notes": notes,
        "parent": _seen_from(path, ready.parent),
        **(ready.finish(module) if ready.finish else {}),
    }


_MUCH, _LONG = 0.1, 1.0


def loading_of(engine: Engine) -> dict[str, Any]:
    """How data came to training: the share of the time that it waited, who read the files, and what to change.

    There is advice where training waited for more than a tenth of its time, and for more than a second.
    """
    waiting = engine.waiting
    told = {"wait": round(waiting.share, 4), "wait_seconds": round(waiting.seconds, 3), **loading_record(engine.train)}
    if waiting.share > _MUCH and waiting.seconds > _LONG:
        share = f"{100 * waiting.share:.0f} % of its time ({waiting.seconds:.0f} s)"
        told["advice"] = f"training waited for data {share}: {_advice(told.get('workers'))}"
    return told


def _advice(workers: int | None) -> str:
    if workers is None:
        return "preparing them takes longer than a step; leave a core free (--threads), or augment less"
    if workers == 0:
        return "--workers auto reads files beside training, a larger --cache-mb keeps decoded images in memory"
    readers = "1 worker reads" if workers == 1 else f"{workers} workers read"
    return (
        f"{readers} too slowly; more cores, a larger --cache-mb, smaller images on disk or less augmentation would help"
    )


def _seen_from(path: Path, parent: str | None) -> str | None:
    """The parent's path relative to the run, so that a tree of runs can be moved."""
    return parent if parent is None or not os.path.isabs(parent) else os.path.relpath(parent, path)


def write_beginning(path: Path, ready: Prepared, env: dict[str, Any]) -> None:
    """Write what is known before training: ``config.toml``, ``schema.json``, ``env.json``."""
    config = {
        "verb": ready.options.verb,
        "burnish_version": env["burnish"],
        "parent": _seen_from(path, ready.parent),
        ready.options.verb: plain_options(ready.options),
        "model": ready.model_record,
        "task": ready.task_record,
        "data": ready.data_record,
    }
    write_config(path, config)
    if ready.surgery:
        write_surgery(path, ready.surgery)
    for name, text in ready.files.items():
        write_atomically(path / name, text)
    write_atomically(path / "schema.json", json.dumps(ready.data.schema.to_dict(), indent=1))
    write_atomically(path / "env.json", json.dumps(env, indent=1))


def tell(ready: Prepared, path: Path, quiet: bool) -> None:
    """Say on stderr what was found and chosen."""
    if quiet:
        return
    options, data = ready.options, ready.data
    count = sum(parameter.numel() for parameter in ready.model.parameters())
    print(
        f"{data.name}: {len(data.train):,} train, {len(data.validation):,} validation, {len(data.test):,} test; "
        f"{data.schema.kind}, {data.schema.goal}",
        file=sys.stderr,
    )
    rate = f" at {options.learning_rate:g}" if options.learning_rate is not None else ""
    print(
        f"{ready.model_record['name']}: {count:,} parameters; {options.optimizer}{rate}, {options.schedule}, "
        f"batch {options.batch_size or len(data.train)}, {options.epochs} epochs",
        file=sys.stderr,
    )
    for note in ready.notes:
        print(f"note: {note}", file=sys.stderr)
    print(f"run: {path}", file=sys.stderr)
