"""``burnish predict``: apply a run to new samples, or let it make some."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from burnish.verbs.interface.options import VerbOptions, build
from burnish.verbs.interface.outcome import Outcome

if TYPE_CHECKING:
    from torch import nn

    from burnish.runs import Run
    from burnish.verbs.predicting.predictions import Predictions


@dataclass(frozen=True, kw_only=True)
class Predict(VerbOptions):
    """Apply a run to new samples: images, table rows, or prompts for a text to go on from.

    A run of a generative model takes no samples; it makes them.
    """

    run: Path = field(metadata={"positional": True})
    """Folder of the run."""
    inputs: tuple[str, ...] = field(default=(), metadata={"positional": True})
    """Files, folders or patterns in quotes: images, or CSV and Parquet tables. For a text run, prompts."""
    to: Path | None = None
    """CSV file to write, one row a sample; for made pictures a folder. Default: print the first rows."""
    overwrite: bool = False
    """Replace what is at --to."""
    skip_unreadable: bool = False
    """Leave out images that cannot be read instead of stopping at the first."""
    batch_size: int = 256
    """Samples that go through the model together."""
    prompt: tuple[str, ...] = ()
    """Text runs: what to go on from; may be given several times. Default: the start of a line."""
    length: int = 300
    """Text runs: symbols to generate."""
    temperature: float = 0.8
    """Text runs: 0 takes the likeliest symbol, 1 draws as the model says, more is wilder."""
    count: int = 16
    """Generative runs: samples to make."""
    seed: int = 0
    """Text and generative runs: decides what is drawn."""
    device: str = "auto"
    """auto, cpu, cuda, cuda:N or mps."""
    trust: bool = False
    """Import and call the recorded module of a run whose model is your own."""


def predict(run: Run | str | Path, x: Any = None, *, model: nn.Module | None = None, **options: Any) -> Predictions:
    """Apply a run to new samples. Model, mode and random generators are left as they were.

    Args:
        run: a run or its folder.
        x: for images: files, folders, patterns, or an array ``(C, H, W)``, ``(batch, C, H, W)``, ``(H, W)``,
            ``(H, W, C)`` in [0, 1] or uint8. For tables: CSV or Parquet files, a data frame, a dict of columns, a list
            of dicts, or encoded rows ``(batch, columns)``. For texts: prompts. For generative models: nothing.
        model: the run's module, where it is the user's own.
        options: the fields of :class:`Predict`.

    Returns:
        ``.rows``, ``.labels``, ``.probabilities`` ``(samples, classes)``, ``.values``; ``.to_csv(path)``.

    Raises:
        InputError: no such run or file, or samples that do not fit the run.
    """
    words = _words(x)
    if words is not None:
        options = {**options, "inputs": (*options.get("inputs", ()), *words)}
    settings = build(Predict, run=getattr(run, "path", run), **options)
    return _predict(run, settings, x if words is None else None, model)


def command(options: Predict) -> Outcome:
    """Predict from the shell."""
    found = _predict(options.run, options, None, None)
    for note in found.notes:
        print(f"note: {note}", file=sys.stderr)
    data: dict[str, Any] = {"run": options.run, "count": len(found), "to": options.to, "skipped": found.skipped}
    if options.to is None:
        return Outcome(found.text(), data | {"rows": found.printable_rows()})
    return Outcome(found.summary(f" written to {options.to}"), data)


def _predict(run: Run | str | Path, options: Predict, x: Any, model: nn.Module | None) -> Predictions:
    from burnish.runs.subject import opened
    from burnish.verbs.predicting.predicting import predict_with

    with opened(run, model, trust=options.trust, device=options.device) as subject:
        return predict_with(subject, options, x)


def _words(x: Any) -> tuple[str, ...] | None:
    """The paths or prompts of ``x``, or None where it is something else."""
    if isinstance(x, str | os.PathLike):
        return (os.fspath(x),)
    if isinstance(x, Sequence) and len(x) and all(isinstance(item, str | os.PathLike) for item in x):
        return tuple(os.fspath(item) for item in x)
    return None
