"""What a user need not say: options left open, filled in from the data and the task."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from typing import Any

from burnish.common.errors import InputError
from burnish.data.schema import Schema
from burnish.training.effects import check_effects
from burnish.training.optimizers import default_learning_rate
from burnish.training.options import TrainingOptions

# By task name first, then by kind of data: what people who train such models start from.
_BY_TASK: dict[str, dict[str, Any]] = {
    "perceptron": {"optimizer": "sgd", "learning_rate": 1.0, "schedule": "constant"},
    "gan": {"optimizer": "adam", "learning_rate": 1e-3, "schedule": "constant"},
}
_BY_KIND: dict[str, dict[str, Any]] = {
    "image": {"optimizer": "adamw", "learning_rate": 4e-3, "schedule": "one-cycle"},
    "text": {"optimizer": "adamw", "learning_rate": 4e-3, "schedule": "one-cycle", "clip_norm": 1.0},
    "table": {"optimizer": "adamw", "learning_rate": 3e-3, "schedule": "cosine"},
    "points": {"optimizer": "adamw", "learning_rate": 3e-3, "schedule": "cosine"},
}
_WHOLE_BATCH = {"optimizer": "", "schedule": "constant", "batch_size": 0, "learning_rate": 1.0}


def resolve_options(
    options: TrainingOptions, schema: Schema, task_name: str, train_size: int, validation_size: int | None = None
) -> TrainingOptions:
    """Fill in every option that was left open, and check those that need the data.

    Resolving what is resolved changes nothing, so a run can be replayed from its config.

    Args:
        options: as the user gave them; None means "choose for me".
        schema: what the data are.
        task_name: what the task is called.
        train_size: samples in the training split.
        validation_size: samples in the validation split; None where that is not known.

    Returns:
        Options without anything left open that the engine needs.

    Raises:
        InputError: a number out of its range, a batch larger than the data, or an option that would change nothing.

    >>> points = Schema("points", "generation", (2,))
    >>> chosen = resolve_options(TrainingOptions(), points, "gan", train_size=1000)
    >>> chosen.optimizer, chosen.learning_rate, chosen.batch_size
    ('adam', 0.001, 16)
    """
    chosen = _BY_TASK.get(task_name) or _BY_KIND[schema.kind]
    if options.optimizer in ("lbfgs", "newton-cg"):
        chosen = {**_WHOLE_BATCH, "optimizer": options.optimizer}
    elif options.optimizer is not None and options.optimizer != chosen["optimizer"]:
        chosen = {key: value for key, value in chosen.items() if key != "learning_rate"}  # the optimizer's own then
    open_fields = {f.name for f in fields(options) if getattr(options, f.name) is None}
    options = replace(options, **{name: value for name, value in chosen.items() if name in open_fields})
    if options.learning_rate is None and options.optimizer is not None:
        options = replace(options, learning_rate=default_learning_rate(options.optimizer))
    if options.weight_decay is None:
        options = replace(options, weight_decay=0.05 if options.optimizer == "adamw" else 0.0)
    if options.batch_size is None:
        options = replace(options, batch_size=_batch_size(128 if schema.kind == "image" else 64, train_size))
    _check_numbers(options)
    if options.batch_size is not None and options.batch_size > train_size:
        raise InputError(
            f"batch_size {options.batch_size} is larger than the training split ({train_size} samples): "
            f"give at most {train_size}, or 0 for all of it"
        )
    check_effects(options, task_name, validation_size)
    return options


def _batch_size(largest: int, train_size: int) -> int:
    """About fifty updates an epoch on small data: a power of two from 16 to ``largest``, never more than the data."""
    power = 1 << round(math.log2(max(train_size / 50, 1)))
    return min(max(16, min(power, largest)), train_size)


_LEAST = {
    "epochs": 1,
    "max_steps": 1,
    "batch_size": 0,
    "accumulate": 1,
    "early_stopping": 1,
    "probe_epochs": 0,
    "unfreeze_epochs": 1,
    "workers": 0,
    "threads": 1,
    "seed": 0,
    "log_every": 1,
    "checkpoint_epochs": 1,
    "checkpoint_steps": 1,
}


def _check_numbers(options: TrainingOptions) -> None:
    for name, least in _LEAST.items():
        value = getattr(options, name)
        if isinstance(value, int) and value < least:
            raise InputError(f"{name} must be at least {least}, got {value}")
    for name in ("warmup", "l1", "l2", "slimming", "group_lasso", "weight_decay"):
        value = getattr(options, name)
        if not 0 <= value < math.inf:
            raise InputError(f"{name} must be 0 or more, got {value}")
    if options.learning_rate is not None and not 0 < options.learning_rate < math.inf:
        raise InputError(
            f"learning_rate must be a positive number, got {options.learning_rate}: 0.001 is a common start"
        )
    for name in ("clip_norm", "clip_value", "max_norm"):
        value = getattr(options, name)
        if value is not None and not 0 < value < math.inf:
            raise InputError(f"{name} must be a positive number, got {value}: leave it out for no limit")
    if not 0 < options.layer_decay <= 1:
        raise InputError(f"layer_decay must lie in (0, 1], got {options.layer_decay}: 0.65 to 0.9 is usual")
    if options.ema is not None and not 0 < options.ema < 1:
        raise InputError(f"ema must lie in (0, 1), got {options.ema}: 0.999 is a common choice")
