"""``burnish evaluate``: score a run on one split, with intervals, and keep what it got most wrong."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from burnish.verbs.interface.options import VerbOptions, build
from burnish.verbs.interface.outcome import Outcome

if TYPE_CHECKING:
    from torch import nn

    from burnish.data import Data, Source
    from burnish.runs import Run
    from burnish.runs.subject import Subject
    from burnish.tasks import Evaluation


@dataclass(frozen=True, kw_only=True)
class Evaluate(VerbOptions):
    """Score a run on one split; the result also lands in its folder as evaluation-SPLIT.json."""

    run: Path = field(metadata={"positional": True})
    """Folder of the run."""
    split: Literal["train", "validation", "test", "all"] = "test"
    """Which split to score: look at test once, at the end; all is every sample of --data."""
    data: str | None = None
    """Other data that fit the run; their scores are kept apart. Default: the run's own."""
    confidence: float = 0.95
    """Level of the interval beside every metric."""
    mistakes: int = 24
    """How many of the worst samples to keep for the report."""
    views: str | None = None
    """Test-time augmentation of images: average over views, such as identity,horizontal-flip. Kept apart."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""
    trust: bool = False
    """Import and call the recorded module of a run whose model is your own."""


def evaluate(run: Run | str | Path, *, data: Any = None, model: nn.Module | None = None, **options: Any) -> Evaluation:
    """Score a run on one split, in full precision and evaluation mode.

    Args:
        run: a run or its folder.
        data: other data; anything that :func:`burnish.data.load` takes. Runs made from tensors of another process
            need theirs.
        model: the run's module, where it is the user's own.
        options: the fields of :class:`Evaluate`.

    Returns:
        ``.metrics`` with intervals, ``.samples`` with one row a sample, ``.summary``.

    Raises:
        InputError: no such run or split, or data that do not fit.
    """
    settings = build(Evaluate, run=getattr(run, "path", run), **options)
    return _score(run, settings, data if data is not None else settings.data, model)[0]


def command(options: Evaluate) -> Outcome:
    """Evaluate from the shell."""
    evaluation, kept, file = _score(options.run, options, options.data, None)
    on = f" of {kept['data']}" if options.data is not None else ""
    if on and options.split != "all" and file.stem != f"evaluation-{options.split}":
        on += ", --split all scores every one"
    unit = "windows" if kept["task"] == "language-modelling" else "samples"
    split = "" if options.split == "all" else f"{options.split} "
    on += f", mean of {len(kept['views'])} views" if kept["views"] else ""
    lines = [
        f"{options.run.name} on {kept['count']:,} {split}{unit}{on} ({options.confidence:.0%} intervals)",
        *(f"  {name:<16}{estimate}" for name, estimate in evaluation.metrics.items()),
        *(f"  {name:<16}{value:.4g}" for name, value in evaluation.summary.items() if isinstance(value, float)),
    ]
    told = {
        "views": kept["views"],
        "split": options.split,
        "data": kept["data"],
        "count": kept["count"],
        "metrics": kept["metrics"],
    }
    return Outcome("\n".join(lines), {"run": str(file.parent), **told, "evaluation": str(file)})


def _score(
    run: Run | str | Path, options: Evaluate, data: Any, model: nn.Module | None
) -> tuple[Evaluation, dict[str, Any], Path]:
    """The evaluation, what is kept of it, and the file it is kept in."""
    import json

    from burnish.common.errors import InputError
    from burnish.common.files import write_atomically
    from burnish.common.intervals import proportion
    from burnish.data.loaders.loader import evaluation_loader
    from burnish.runs.subject import opened
    from burnish.verbs.scoring.mistakes import worst
    from burnish.verbs.scoring.other_data import other_data, own_data

    proportion(1, 2, options.confidence)  # refuses a level that cannot be, before the work
    if options.mistakes < 0:
        raise InputError(f"mistakes must be 0 or more, got {options.mistakes}: it is how many samples to keep")
    with opened(run, model, trust=options.trust, device=options.device) as subject:
        found = own_data(subject.run) if data is None else other_data(subject.run, data)
        suffix = _suffix(subject.run, found)
        source = _source(found, options.split, bool(suffix))
        started = time.perf_counter()
        task = subject.run.task
        judged, views = _with_views(subject, options.views)
        evaluation = task.evaluate(judged, evaluation_loader(source, device=subject.device), options.confidence)
        kept = {
            "split": options.split,
            "views": views,
            "data": found.name,
            "count": len(source),
            "task": task.name,
            "confidence": options.confidence,
            "metrics": {name: vars(estimate) for name, estimate in evaluation.metrics.items()},
            **_plain(evaluation.summary),
            "mistakes": worst(task, evaluation, source, options.mistakes),
            "sample": _text(subject),
            "seconds": round(time.perf_counter() - started, 3),
        }
        several = f"-{len(views)}-views" if views else ""
        file = subject.run.path / f"evaluation-{options.split}{suffix}{several}.json"
    try:
        write_atomically(file, json.dumps(kept, indent=1))
    except OSError as error:
        raise InputError(f"cannot write {file}: {error.strerror}; a run must be writable to be evaluated") from None
    return evaluation, kept, file


def _with_views(subject: Subject, views: str | None) -> tuple[nn.Module, list[str]]:
    """The model, which looks several times where that was asked for, and the names of its views."""
    from burnish.common.errors import InputError

    if views is None:
        return subject.model, []
    schema = subject.run.schema
    if schema.kind != "image" or schema.goal not in ("classification", "regression"):
        raise InputError(
            f"views are those of images with a label or a number, this run has {schema.kind} data: leave out"
        )
    from burnish.data.augment.test_time import TestTime

    names = [name.strip() for name in views.split(",") if name.strip()]
    outputs: Literal["logits", "values"] = "logits" if schema.goal == "classification" else "values"
    return TestTime(subject.model, names, outputs), names


def _source(data: Data, split: str, is_other: bool) -> Source:
    from burnish.common.errors import InputError
    from burnish.verbs.scoring.joined import Joined

    if split != "all":
        return data.split(split)
    if not is_other:
        raise InputError("--split all is for other data, given with --data: the run has learnt from most of its own")
    return Joined([data.train, data.validation, data.test])


def _suffix(run: Run, data: Data) -> str:
    """Keeps the scores on other data apart from those on the run's own."""
    import re

    record = run.config["data"]
    own = data.origin == record.get("origin") and data.name == record["name"]
    return "" if own else "-" + (re.sub(r"[^\w.-]+", "-", data.name).strip("-.") or "other")


def _text(subject: Subject) -> str | None:
    """What a language model writes by itself."""
    from burnish.tasks import LanguageModelling
    from burnish.verbs.predicting.generating import continue_text

    if not isinstance(subject.run.task, LanguageModelling):
        return None
    return continue_text(subject.model, subject.run.schema)


def _plain(summary: dict[str, Any]) -> dict[str, Any]:
    from burnish.verbs.scoring.mistakes import picture

    plain = {name: value for name, value in summary.items() if name != "made"}
    if "made" in summary:
        plain["samples"] = {"pictures": [picture(image) for image in summary["made"]]}
    return plain
