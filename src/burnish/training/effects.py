"""Options that go together: what would change nothing is an error, never a silence."""

from __future__ import annotations

from burnish.common.errors import InputError
from burnish.training.options import TrainingOptions

_SERVES: dict[str, tuple[str, tuple[str, ...]]] = {
    "momentum": ("optimizer", ("momentum", "nesterov")),
    "step_epochs": ("schedule", ("step", "exponential")),
    "gamma": ("schedule", ("step", "exponential", "plateau")),
    "plateau_patience": ("schedule", ("plateau",)),
}
"""By option: the other option that gives it a meaning, and the values of that one that do."""

_CLOSURE = ("lbfgs", "newton-cg")
_BY_STAGE = ("freeze", "probe_epochs", "unfreeze_epochs", "layer_decay")
_NOT_FOR_TASK = {
    "perceptron": ("accumulate", "compile", "l1", "l2", "slimming", "group_lasso", *_BY_STAGE),
    "gan": ("accumulate", "compile", *_BY_STAGE),
}
"""By task with a step of its own: what that step does not look at."""


def check_effects(options: TrainingOptions, task_name: str, validation_size: int | None = None) -> None:
    """Refuse options that the others leave without effect.

    Args:
        options: resolved options; one that has its default counts as not given.
        task_name: what the task is called.
        validation_size: samples in the validation split; None where that is not known.

    Raises:
        InputError: naming the option and what it would need.

    >>> check_effects(TrainingOptions(optimizer="adam", momentum=0.5), "classification")
    Traceback (most recent call last):
    burnish.common.errors.InputError: momentum has no effect with optimizer adam: it is for momentum and nesterov
    """
    for name, (other, fitting) in _SERVES.items():
        if _given(options, name) and getattr(options, other) not in fitting:
            chosen = getattr(options, other)
            raise InputError(f"{name} has no effect with {other} {chosen}: it is for {' and '.join(fitting)}")
    for name in ("clip_norm", "clip_value"):
        if options.optimizer in _CLOSURE and _given(options, name):
            raise InputError(f"{name} has no effect with optimizer {options.optimizer}, which sets its own step length")
    for name in _NOT_FOR_TASK.get(task_name, ()):
        if _given(options, name):
            raise InputError(f"{name} has no effect with task {task_name}, which takes its own step: leave it out")
    for name in ("probe_epochs", "unfreeze_epochs", "layer_decay"):
        if options.optimizer in _CLOSURE and _given(options, name):
            raise InputError(
                f"{name} does not go with optimizer {options.optimizer}, which learns the shape of one fixed problem: "
                "use adamw or momentum"
            )
    if options.probe_epochs and options.unfreeze_epochs is not None:
        raise InputError("probe_epochs and unfreeze_epochs are two ways to begin with the head: give one of them")
    if options.parallel == "fsdp" and (options.probe_epochs or options.unfreeze_epochs is not None):
        raise InputError("stages of a sharded model stay frozen or learn for good: use --freeze, or --parallel ddp")
    if task_name == "perceptron" and options.optimizer in _CLOSURE:
        raise InputError(f"{options.optimizer} needs a gradient, and the perceptron rule has none: use sgd")
    if validation_size == 0:
        if options.early_stopping is not None:
            raise InputError("early_stopping needs a validation split, and these data have none: give --validation 0.1")
        if options.schedule == "plateau":
            raise InputError("schedule plateau needs a validation split, and these data have none: use cosine")


def _given(options: TrainingOptions, name: str) -> bool:
    return bool(getattr(options, name) != TrainingOptions.__dataclass_fields__[name].default)
