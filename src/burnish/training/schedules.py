"""The course of the learning rate: pure functions of progress, so that a resumed run continues exactly."""

from __future__ import annotations

import math
from typing import Any, Literal, get_args

from burnish.common.errors import InputError, unknown
from burnish.training.options import ScheduleName, TrainingOptions

_SLACK = 1e-9  # a drop at epoch 10 must not come a step late because 10 was computed as 9.999999999999998


class Schedule:
    """A factor on the base learning rate. This one is constant.

    >>> Schedule().factor(3.5)
    1.0
    """

    def factor(self, epoch: float) -> float:
        """The factor at a fractional epoch: updates done so far over updates per epoch."""
        return 1.0

    def observe(self, metric: float) -> None:
        """Take the watched metric of a validation; only the plateau schedule looks at it."""

    def state_dict(self) -> dict[str, Any]:
        """What a pure function of progress needs to continue: nothing."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Put back what :meth:`state_dict` gave."""


class Step(Schedule):
    """Multiply by ``gamma`` after every ``step_epochs``.

    >>> [Step(10, 0.1).factor(epoch) for epoch in (0, 9.99, 10)]
    [1.0, 1.0, 0.1]
    """

    def __init__(self, step_epochs: float, gamma: float) -> None:
        self.step_epochs, self.gamma = step_epochs, gamma

    def factor(self, epoch: float) -> float:
        """``gamma ** floor(epoch / step_epochs)``."""
        return self.gamma ** math.floor(epoch / self.step_epochs + _SLACK)


class Exponential(Schedule):
    """Decay smoothly, by ``gamma`` per ``step_epochs``.

    >>> Exponential(2, 0.25).factor(1)
    0.5
    """

    def __init__(self, step_epochs: float, gamma: float) -> None:
        self.step_epochs, self.gamma = step_epochs, gamma

    def factor(self, epoch: float) -> float:
        """``gamma ** (epoch / step_epochs)``."""
        return math.pow(self.gamma, epoch / self.step_epochs)


class Cosine(Schedule):
    """Half a cosine from 1 to 0 at the end of training.

    Source: Loshchilov and Hutter 2017, "SGDR", arXiv:1608.03983, eq. 5, with a lowest rate of 0 and no restart.

    >>> round(Cosine(10).factor(5), 12)
    0.5
    """

    def __init__(self, epochs: float) -> None:
        self.epochs = epochs

    def factor(self, epoch: float) -> float:
        """``(1 + cos(pi epoch / epochs)) / 2``, and 0 past the end."""
        return 0.5 * (1.0 + math.cos(math.pi * epoch / self.epochs)) if epoch < self.epochs else 0.0


class OneCycle(Schedule):
    """Up over the first 30 % of training, then down to almost nothing, both along a cosine.

    Source: Smith and Topin 2018, "Super-Convergence", arXiv:1708.07120, section 3. It starts at 1/25 of the peak and
    ends at 1/250000 of it. The momentum is not cycled.

    >>> cycle = OneCycle(10)
    >>> [round(cycle.factor(epoch), 6) for epoch in (0, 3, 10)]
    [0.04, 1.0, 4e-06]
    """

    rising = 0.3
    first = 1 / 25
    last = 1 / 250_000

    def __init__(self, epochs: float) -> None:
        self.epochs = epochs
        self.peak = self.rising * epochs

    def factor(self, epoch: float) -> float:
        """Where on the cycle this epoch lies."""
        if epoch < self.peak:
            return self.first + (1 - self.first) * 0.5 * (1 - math.cos(math.pi * epoch / self.peak))
        share = min((epoch - self.peak) / (self.epochs - self.peak), 1.0)
        return self.last + (1 - self.last) * 0.5 * (1 + math.cos(math.pi * share))


class Plateau(Schedule):
    """Multiply by ``gamma`` whenever ``patience`` validations in a row brought no progress.

    Progress is a change by more than 0.01 % of the best value so far. NaN is no progress.

    >>> plateau = Plateau(0.1, patience=2, direction="max")
    >>> for accuracy in (0.5, 0.5, 0.4):
    ...     plateau.observe(accuracy)
    >>> plateau.factor(3)
    0.1
    """

    threshold = 1e-4

    def __init__(self, gamma: float, patience: int, direction: Literal["max", "min"]) -> None:
        self.gamma, self.patience, self.direction = gamma, patience, direction
        self.drops = 0
        self.waited = 0
        self.best: float | None = None

    def factor(self, epoch: float) -> float:
        """``gamma ** drops``; the epoch plays no part."""
        return self.gamma**self.drops

    def observe(self, metric: float) -> None:
        """Count validations without progress, and drop when there were too many."""
        if self._progress(metric):
            self.best, self.waited = metric, 0
            return
        self.waited += 1
        if self.waited >= self.patience:
            self.drops, self.waited = self.drops + 1, 0

    def _progress(self, metric: float) -> bool:
        if self.best is None:
            return not math.isnan(metric)
        gain = metric - self.best if self.direction == "max" else self.best - metric
        return gain > self.threshold * abs(self.best)

    def state_dict(self) -> dict[str, Any]:
        """Drops so far, validations waited, and the best value."""
        return {"drops": self.drops, "waited": self.waited, "best": self.best}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Put back what :meth:`state_dict` gave."""
        self.drops, self.waited, self.best = state["drops"], state["waited"], state["best"]


class Warmup(Schedule):
    """A straight line from 1 % up to the first value of another schedule, which then starts.

    Source: Goyal et al. 2017, "Accurate, Large Minibatch SGD", arXiv:1706.02677, section 2.2 (gradual warm-up).

    >>> [round(Warmup(2, Schedule()).factor(epoch), 3) for epoch in (0, 1, 2, 3)]
    [0.01, 0.505, 1.0, 1.0]
    """

    first = 0.01

    def __init__(self, epochs: float, then: Schedule) -> None:
        self.epochs, self.then = epochs, then

    def factor(self, epoch: float) -> float:
        """The line, then the schedule behind it, which counts epochs from the end of the warm-up."""
        if epoch >= self.epochs:
            return self.then.factor(epoch - self.epochs)
        return (self.first + (1 - self.first) * epoch / self.epochs) * self.then.factor(0.0)

    def observe(self, metric: float) -> None:
        """Pass the metric on."""
        self.then.observe(metric)

    def state_dict(self) -> dict[str, Any]:
        """The state of the schedule behind the warm-up."""
        return self.then.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Put back what :meth:`state_dict` gave."""
        self.then.load_state_dict(state)


def build_schedule(options: TrainingOptions, epochs: float, direction: Literal["max", "min"] = "min") -> Schedule:
    """The schedule that the options ask for.

    Where none is named it is a cosine, and constant for L-BFGS and Newton-CG, which search the length of every step
    themselves.

    Args:
        options: ``schedule``, ``warmup``, ``step_epochs``, ``gamma``, ``plateau_patience`` and ``optimizer`` are read.
        epochs: length of the whole training, fractional where ``max_steps`` ends it early.
        direction: which way the watched metric improves, for the plateau schedule.

    Raises:
        InputError: the schedule is unknown, a number is out of range, or the optimizer searches its own step.

    >>> build_schedule(TrainingOptions(schedule="cosine"), epochs=10).factor(10)
    0.0
    """
    searches_its_step = options.optimizer in ("lbfgs", "newton-cg")
    name: ScheduleName = options.schedule or ("constant" if searches_its_step else "cosine")
    if name not in get_args(ScheduleName):
        raise unknown("schedule", name, get_args(ScheduleName))
    if not epochs > 0:
        raise InputError(f"a schedule needs a training of more than 0 epochs, got {epochs}: raise --epochs")
    if not 0 <= options.warmup < math.inf:
        raise InputError(f"warmup must be 0 or more epochs, got {options.warmup}")
    if options.warmup and options.warmup >= epochs:
        raise InputError(f"warmup of {options.warmup:g} epochs does not fit into a training of {epochs:g}: shorten it")
    if not 0 < options.gamma <= 1:
        raise InputError(f"gamma must lie in (0, 1], got {options.gamma}: it is the factor of one drop, 0.1 is usual")
    if not 0 < options.step_epochs < math.inf:
        raise InputError(f"step_epochs must be above 0, got {options.step_epochs}: it is the time between two drops")
    if options.plateau_patience < 1:
        raise InputError(f"plateau_patience must be 1 or more epochs, got {options.plateau_patience}: 3 is usual")
    if searches_its_step and (name != "constant" or options.warmup):
        wanted = f"schedule {name}" if name != "constant" else f"warmup of {options.warmup:g} epochs"
        raise InputError(
            f"{wanted} does not go with {options.optimizer}, which searches the length of its steps: leave it out"
        )

    remaining = epochs - options.warmup
    schedule: Schedule
    match name:
        case "constant":
            schedule = Schedule()
        case "step":
            schedule = Step(options.step_epochs, options.gamma)
        case "exponential":
            schedule = Exponential(options.step_epochs, options.gamma)
        case "cosine":
            schedule = Cosine(remaining)
        case "one-cycle":
            schedule = OneCycle(remaining)
        case "plateau":
            schedule = Plateau(options.gamma, options.plateau_patience, direction)
    return Warmup(options.warmup, schedule) if options.warmup else schedule
