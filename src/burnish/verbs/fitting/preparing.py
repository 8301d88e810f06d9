"""Everything that ``fit`` needs before anything is written: data, model, task and resolved options, all checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from burnish.common.errors import BurnishError, InputError
from burnish.common.module_state import evaluating
from burnish.common.seeding import preserved_rng
from burnish.data import Data, load
from burnish.data import names as data_names
from burnish.data.batch import Batch
from burnish.data.options import DataOptions
from burnish.data.schema import Schema
from burnish.data.shards.pattern import names_shards
from burnish.data.source import Source
from burnish.models import entry, notes
from burnish.models.weights.weights import Weights
from burnish.runs.model_record import has_shapes_of
from burnish.runs.run import load_run
from burnish.runs.surgery import Stage, read_surgery
from burnish.tasks import create, default_task
from burnish.tasks.task import Task
from burnish.training.defaults import resolve_options
from burnish.training.freezing import Freezing
from burnish.training.precision import resolve_precision
from burnish.verbs.fit import Fit
from burnish.verbs.fitting.augmenting import augmented
from burnish.verbs.fitting.model_choice import about_weights, choose_model, mask_removed_, take_weights

_FINE_TUNING = 0.1
"""Factor on the learning rate that is chosen for weights which are trained already."""


@dataclass(frozen=True)
class Prepared:
    """What a run is made of.

    ``train`` is the training split as it is learnt from, augmented where that was asked for. ``notes`` is what the user
    should be told once.
    """

    options: Fit
    data: Data
    train: Source
    model: nn.Module
    model_record: dict[str, Any]
    task: Task
    task_record: dict[str, Any]
    data_record: dict[str, Any]
    notes: tuple[str, ...]
    parent: str | None
    is_own_object: bool
    """The model is a module that the caller holds, so its mode is theirs."""
    surgery: tuple[Stage, ...] = ()
    """What was cut out of the model since it was built."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Texts that the run's folder holds from the beginning, by the name of their file."""
    finish: Callable[[nn.Module], dict[str, Any]] | None = None
    """What the result says beside the rest, found from the trained module."""

    @property
    def is_masked(self) -> bool:
        """Whether single weights were removed, which are masked while it trains and zeros afterwards."""
        return any(stage["level"] == "weight" for stage in self.surgery)


def prepare(
    options: Fit,
    data: Any,
    model: nn.Module | None,
    record: dict[str, Any] | None = None,
    schema: Schema | None = None,
    device: torch.device | None = None,
    home: Path | None = None,
) -> Prepared:
    """Load, choose and check.

    Args:
        options: as the user gave them.
        data: objects given from Python, instead of ``options.data``.
        model: a module given from Python, instead of ``options.model``.
        record: the config of the run that is resumed; its choices are taken, not made again.
        schema: that of the run that is resumed.
        device: where training will be (the CPU by default); decides what "auto" precision means.
        home: folder of the run that is resumed.

    Raises:
        InputError: something cannot be used.
    """
    fresh = record is None
    weights = _open_weights(options, model) if fresh and options.weights is not None else None
    if weights is not None:
        options = _for_weights(options, data, model, weights)
    parent = load_run(options.parent, trust=options.trust) if options.parent is not None and fresh else None
    inherited = record or (parent.config if parent else None)
    loaded, data_record = _load_data(options, data, inherited["data"] if inherited else None)
    if record is not None:
        _check_unchanged(loaded, schema, data_record["samples"], record["data"].get("samples"))
    cut = inherited is not None and inherited["model"].get("surgery")
    surgery = tuple(read_surgery(home or (parent.path if parent else Path()))) if cut else ()
    built, model_record = choose_model(options, model, loaded, inherited, weights, surgery)
    if parent is not None:
        if model is not None and cut and has_shapes_of(model, parent.path / "model.safetensors"):
            model_record |= {"surgery": True}  # a module of the user's own that is cut already
        take_weights(built, parent)
    if model_record.get("surgery"):
        mask_removed_(built, surgery, fresh=fresh)
    task_record = (record or {}).get("task") or _choose_task(options, loaded, model_record)
    task = create(task_record["name"], loaded.schema, **task_record["options"])
    resolved = resolve_options(options, loaded.schema, task.name, len(loaded.train), len(loaded.validation))
    assert isinstance(resolved, Fit)
    told = [*loaded.notes, *notes(built), *about_weights(built, weights, loaded.schema)]
    if weights is not None and options.learning_rate is None and resolved.learning_rate is not None:
        resolved = replace(resolved, learning_rate=resolved.learning_rate * _FINE_TUNING)
        told.append(f"the learning rate is {resolved.learning_rate:g}, a tenth of the usual: the weights are trained")
    # Written down as decided, so that a run resumed on other hardware computes as it began.
    precision = resolve_precision(resolved, loaded.schema, device or torch.device("cpu"))
    resolved = replace(resolved, precision="bf16" if precision.bf16 else "fp32", channels_last=precision.channels_last)
    try_forward(built, task, loaded)
    resolved, train = augmented(resolved, loaded, task.name)
    if fresh and (frozen := str(Freezing(built, resolved))):
        told.append(frozen)
    path = str(parent.path) if parent else (record or {}).get("parent")
    return Prepared(
        resolved,
        loaded,
        train,
        built,
        model_record,
        task,
        task_record,
        data_record,
        tuple(told),
        path,
        model is not None,
        surgery if model_record.get("surgery") else (),
    )


def _open_weights(options: Fit, model: nn.Module | None) -> Weights:
    """The weights to start from; nothing is fetched yet that is not needed to know how images are prepared."""
    assert options.weights is not None
    if options.parent is not None:
        raise InputError(
            f"the weights come from run {options.parent} or from {options.weights}, not from both: leave out --parent "
            "or --weights"
        )
    by_name = model is None and options.model is not None and ":" not in options.model
    return Weights(options.weights, entry(options.model or "") if by_name else None)


def _for_weights(options: Fit, data: Any, model: nn.Module | None, weights: Weights) -> Fit:
    """The options with what the weights decide where the user did not: the model, and the size of photos."""
    if options.model is None and model is None:
        options = replace(options, model=weights.model)
    origin = data if data is not None else options.data
    photos = False
    if isinstance(origin, str | Path) and origin not in data_names():
        photos = Path(origin).expanduser().is_dir() or names_shards(str(origin))
    if photos and options.input_size is None and weights.preparation is not None:
        options = replace(options, input_size=weights.preparation.crop)
    return options


def _load_data(options: Fit, data: Any, inherited: dict[str, Any] | None) -> tuple[Data, dict[str, Any]]:
    names = DataOptions.__dataclass_fields__
    chosen = {name: getattr(options, name) for name in names}
    origin = data if data is not None else options.data
    seed = options.seed
    if origin is None:
        if not inherited or "origin" not in inherited:
            raise InputError("no data: give a name ('burnish data' lists them), a path, or tensors")
        origin, seed, chosen = inherited["origin"], inherited["seed"], {**chosen, **inherited["options"]}
    loaded = load(origin, seed=seed, **chosen)
    if not isinstance(origin, Data) and len(loaded.train) == 0:
        raise InputError(f"{loaded.name} has no training samples: check the split shares")
    record: dict[str, Any] = {
        "name": loaded.name,
        "seed": seed,
        "options": {k: v for k, v in chosen.items() if v is not None},
        "samples": {"train": len(loaded.train), "validation": len(loaded.validation), "test": len(loaded.test)},
    }
    if loaded.origin is not None:
        record["origin"] = loaded.origin
    return loaded, record


def _check_unchanged(data: Data, schema: Schema | None, samples: dict[str, int], before: dict[str, int] | None) -> None:
    if schema is not None and data.schema != schema:
        what = f"their schema differs ({schema.kind}, {schema.goal} then; {data.schema.kind}, {data.schema.goal} now)"
    elif before is not None and samples != before:
        what = "; ".join(
            f"{before[name]} {name} samples then, {n} now" for name, n in samples.items() if n != before[name]
        )
    else:
        return
    raise InputError(f"{data.name} is not what it was when this run began: {what}; put it back, or start a new run")


def _choose_task(options: Fit, data: Data, model_record: dict[str, Any]) -> dict[str, Any]:
    by_model = entry(model_record["name"]).task if model_record["kind"] == "named" else None
    name = options.task or by_model or default_task(data.schema)
    chosen = dict(options.task_option)
    if options.label_smoothing:
        if name != "classification":
            raise InputError(f"label_smoothing belongs to classification, the task here is {name}: leave it out")
        chosen["label_smoothing"] = options.label_smoothing
    return {"name": name, "options": chosen}


def try_forward(model: nn.Module, task: Task, data: Data) -> None:
    """Run two training samples through the model and the loss, so that a mismatch is told before training.

    Raises:
        InputError: the forward pass or the loss fails, or the loss is not one number a sample.
    """
    index = torch.arange(min(2, len(data.train)))
    inputs, targets = data.train.gather(index)
    batch = Batch(inputs, targets, index)
    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    if task.own_gradients and task.name == "gan":
        task.parameter_groups(model)
        return
    try:
        with preserved_rng(), evaluating(model):
            output = task.forward(model, batch if device.type == "cpu" else _moved(batch, device))
            loss = task.loss(output, batch)
    except BurnishError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())
        shape = tuple(inputs.shape) if isinstance(inputs, torch.Tensor) else type(inputs).__name__
        raise InputError(
            f"{type(model).__name__} cannot be trained on {data.name}: "
            f"inputs of shape {shape} with task {task.name} gave {type(error).__name__}: {reason}"
        ) from error
    if loss.shape != (len(batch),):
        raise InputError(
            f"the loss of task {task.name} must have one number a sample, ({len(batch)},), got {tuple(loss.shape)}"
        )


def _moved(batch: Batch, device: torch.device) -> Batch:
    from burnish.data.batch import map_tensors

    inputs, targets = map_tensors(lambda tensor: tensor.to(device), (batch.inputs, batch.targets))
    return Batch(inputs, targets, batch.index.to(device))
