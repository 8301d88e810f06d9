"""``burnish fit``: data and a model in, a trained run out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from burnish.common.errors import InputError
from burnish.data.options import DataOptions
from burnish.training.options import TrainingOptions
from burnish.verbs.interface.options import RunFolderOptions, build
from burnish.verbs.interface.outcome import Outcome

if TYPE_CHECKING:
    from torch import nn

    from burnish.runs import Run
    from burnish.training.observers.observer import Observer


@dataclass(frozen=True, kw_only=True)
class Fit(TrainingOptions, DataOptions, RunFolderOptions):
    """Train a model on data; makes a run.

    Whatever is not given is chosen from the data, printed, and written into the run's config.toml.
    """

    verb: ClassVar[str] = "fit"
    keeps_best: ClassVar[bool] = False

    data: str | None = None
    """Name of a data set (see 'burnish data'), or a path: a folder of class folders, a CSV, Parquet, text or .npz
    file."""
    model: str | None = None
    """Name of a model (see 'burnish models'), or package.module:Class of your own. Default: chosen by the kind of
    data."""
    model_option: dict[str, Any] = field(default_factory=dict)
    """An option of the model: --model-option dropout=0.2. May be given several times."""
    weights: str | None = None
    """Weights to start from: torchvision:resnet18, timm:resnet18.a1_in1k, or a .pth, .pt, .th or .safetensors file.
    Images are prepared as these weights ask, and the last layer stays fresh where the classes differ."""
    task: str | None = None
    """What a batch means: classification, regression, language-modelling, gan, perceptron. Default: from data and
    model."""
    task_option: dict[str, Any] = field(default_factory=dict)
    """An option of the task: --task-option k=2. May be given several times."""
    parent: Path | None = None
    """Run to start from: its model and weights, and its data unless others are given."""
    resume: Path | None = None
    """Run to go on with after an interruption; takes all other options from it."""
    trust: bool = False
    """Import and call the recorded module of a run whose model is your own."""
    quiet: bool = False
    """No progress on stderr."""


def fit(
    data: Any = None,
    model: str | nn.Module | None = None,
    *,
    observers: Sequence[Observer] = (),
    **options: Any,
) -> Run:
    """Train a model on data.

    Args:
        data: a name, a path, ``(inputs, targets)`` tensors or arrays, a dict of splits, a torch ``Dataset``, or a
            :class:`burnish.data.Data`.
        model: a name or any module, which is then trained in place; None chooses one.
        observers: more watchers of the run, see :class:`burnish.training.observers.observer.Observer`.
        options: the fields of :class:`Fit`.

    Returns:
        The run: ``.model``, ``.metrics``, ``.history``, ``.path``.

    Raises:
        InputError: something given cannot be used; no run folder is made then.
        NonFiniteLossError: training diverged; checkpoints written before stay.
        Interrupted: Ctrl-C; what was done is saved.
    """
    from burnish.verbs.fitting.fitting import go_on, start

    named = {"data": data if isinstance(data, str) else None, "model": model if isinstance(model, str) else None}
    if isinstance(data, Path):
        named["data"], data = str(data), str(data)
    if isinstance(options.get("weights"), Path):
        options["weights"] = str(options["weights"])
    settings = build(Fit, **{k: v for k, v in named.items() if v is not None}, **options)
    given_model = None if isinstance(model, str) else model
    given_data = None if isinstance(data, str) else data
    if settings.resume is not None:
        return go_on(settings, given_data, given_model, observers)
    return start(settings, given_data, given_model, observers)


def command(options: Fit) -> Outcome:
    """Fit from the shell."""
    from burnish.verbs.fitting.fitting import go_on, start

    if options.resume is not None:
        run = go_on(options, None, None, ())
    else:
        if options.data is None and options.parent is None:
            raise InputError("no data: give --data NAME or PATH ('burnish data' lists names), or --resume RUN")
        run = start(options, None, None, ())
    return told(run)


def told(run: Run) -> Outcome:
    """What the shell says of a run that was just made."""
    split = "validation" if "validation" in run.metrics else "train"
    lines = [f"{name} ({split}): {value}" for name, value in run.metrics.get(split, {}).items()]
    lines.append(f"run: {run.path}")
    return Outcome("\n".join(lines), {"run": str(run.path), **run.result})
