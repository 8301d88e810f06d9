"""``burnish evaluate``: score a run on one split, with intervals, and keep what it got most wrong."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from burnish.verbs.options import VerbOptions, build
from burnish.verbs.outcome import Outcome

if TYPE_CHECKING:
    from torch import nn

    from burnish.runs import Run
    from burnish.tasks import Evaluation


@dataclass(frozen=True, kw_only=True)
class Evaluate(VerbOptions):
    """Score a run on one split; the result also lands in its folder as evaluation-SPLIT.json."""

    run: Path = field(metadata={"positional": True})
    """Folder of the run."""
    split: Literal["train", "validation", "test"] = "test"
    """Which split to score. Look at test once, at the end."""
    data: str | None = None
    """Other data with the same schema. Default: the run's own."""
    confidence: float = 0.95
    """Level of the interval beside every metric."""
    mistakes: int = 24
    """How many of the worst samples to keep for the report."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""
    trust: bool = False
    """Import and call the recorded module of a run whose model is your own."""


def evaluate(run: Run | str | Path, *, data: Any = None, model: nn.Module | None = None, **options: Any) -> Evaluation:
    """Score a run on one split, in full precision and evaluation mode.

    Args:
        run: a run or its folder.
        data: other data; anything that :func:`burnish.data.load` takes. Needed for runs made from tensors of another process.
        model: the run's module, where it is the user's own.
        options: the fields of :class:`Evaluate`.

    Returns:
        ``.metrics`` with intervals, ``.samples`` with one row a sample, ``.summary``.

    Raises:
        InputError: no such run or split, or data that do not fit.
    """
    from burnish.runs import load_run

    settings = build(Evaluate, run=getattr(run, "path", run), **options)
    opened = load_run(run, model, trust=settings.trust)
    return _score(opened, settings, data if data is not None else settings.data)


def command(options: Evaluate) -> Outcome:
    """Evaluate from the shell."""
    from burnish.runs import load_run

    run = load_run(options.run, trust=options.trust)
    evaluation = _score(run, options, options.data)
    count = max(estimate.count for estimate in evaluation.metrics.values())
    lines = [f"{run.path.name} on {count:,} {options.split} samples ({options.confidence:.0%} intervals)"]
    lines += [f"  {name:<16}{estimate}" for name, estimate in evaluation.metrics.items()]
    lines += [f"  {name:<16}{value:.4g}" for name, value in evaluation.summary.items() if isinstance(value, float)]
    metrics = {name: vars(estimate) for name, estimate in evaluation.metrics.items()}
    return Outcome("\n".join(lines), {"run": str(run.path), "split": options.split, "metrics": metrics})


def _score(run: Run, options: Evaluate, data: Any) -> Evaluation:
    import json

    from burnish.common.device import resolve_device
    from burnish.common.errors import InputError
    from burnish.common.files import write_atomically
    from burnish.data import load
    from burnish.data.loader import evaluation_loader
    from burnish.verbs.mistakes import worst

    device = resolve_device(options.device)
    loaded = run.data if data is None else load(data, seed=run.config["data"]["seed"], **run.config["data"]["options"])
    if (loaded.schema.kind, loaded.schema.input_shape, loaded.schema.classes) != (
        run.schema.kind,
        run.schema.input_shape,
        run.schema.classes,
    ):
        raise InputError(
            f"{loaded.name} does not fit run {run.path.name}: {loaded.schema.kind} {loaded.schema.input_shape} with "
            f"{len(loaded.schema.classes)} classes, expected {run.schema.kind} {run.schema.input_shape} with "
            f"{len(run.schema.classes)}"
        )
    source = loaded.split(options.split)
    started = time.perf_counter()
    model = run.model.to(device)
    try:
        evaluation = run.task.evaluate(model, evaluation_loader(source, device=device), options.confidence)
        found = worst(run.task, evaluation, source, options.mistakes)
    finally:
        model.cpu()
    kept = {
        "split": options.split,
        "count": len(source),
        "task": run.task.name,
        "confidence": options.confidence,
        "metrics": {name: vars(estimate) for name, estimate in evaluation.metrics.items()},
        **_plain(evaluation.summary),
        "mistakes": found,
        "seconds": round(time.perf_counter() - started, 3),
    }
    write_atomically(run.path / f"evaluation-{options.split}.json", json.dumps(kept, indent=1))
    return evaluation


def _plain(summary: dict[str, Any]) -> dict[str, Any]:
    from burnish.verbs.mistakes import picture

    plain = {name: value for name, value in summary.items() if name != "made"}
    if "made" in summary:
        plain["samples"] = {"pictures": [picture(image) for image in summary["made"]]}
    return plain
