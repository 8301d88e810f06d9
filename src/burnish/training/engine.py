"""The training loop: thin, exact to resume, and silent about nothing."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from burnish.common.errors import InputError, NonFiniteLossError
from burnish.common.intervals import Estimate
from burnish.common.module_state import preserved_mode
from burnish.common.seeding import preserved_rng
from burnish.data.batch import Batch
from burnish.data.loader import Loader
from burnish.tasks.evaluation import Evaluation
from burnish.tasks.task import Task
from burnish.training.average import WeightAverage
from burnish.training.clipping import clip_
from burnish.training.constraints import max_norm_
from burnish.training.distributed import World, sync_grads
from burnish.training.events import Events, Row
from burnish.training.nonfinite import locate_non_finite
from burnish.training.optimizers import build_optimizer, closure_kind
from burnish.training.options import TrainingOptions
from burnish.training.penalties import Penalty
from burnish.training.precision import Precision, resolve_precision
from burnish.training.schedules import Schedule, build_schedule


@runtime_checkable
class Observer(Protocol):
    """Something that watches a run. ``name`` keys its state in checkpoints."""

    name: str

    def subscribe(self, engine: Engine) -> None:
        """Ask for events with ``engine.events.on(...)`` and for rows with ``engine.row_readers.append(...)``."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Plain data that a resumed run needs."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back :meth:`state_dict`."""
        ...


class _BadLossError(Exception):
    """The loss of the current batch is not finite; the engine turns this into a message for the user."""


class Engine:
    """Train a module on a task.

    Args:
        model: any module; it is trained in place. Submodules found in evaluation mode while the module itself trains
            (frozen BatchNorms, say) stay in evaluation mode.
        task: what a batch means.
        train: batches to learn from.
        options: everything about how to train.
        validation: batches to score after each epoch, or None.
        device: where the model and the batches are.
        world: this process among its peers.
        wrap: turns the module into what training forwards go through (``DistributedDataParallel``); None for one process.

    Raises:
        InputError: options that cannot be, or a model without trainable parameters.
    """

    def __init__(
        self,
        model: nn.Module,
        task: Task,
        train: Loader,
        options: TrainingOptions,
        *,
        validation: Loader | None = None,
        device: torch.device | None = None,
        world: World | None = None,
        wrap: Callable[[nn.Module], nn.Module] | None = None,
    ) -> None:
        self.module = model
        self.task = task
        self.train = train
        self.validation = validation
        self.options = options
        self.device = device or torch.device("cpu")
        self.world = world or World()
        self.accumulate = options.accumulate
        self.precision_choice: Precision = resolve_precision(options, task.schema, self.device)
        self.precision = self.precision_choice.context
        self.model: nn.Module = wrap(model) if wrap else model
        if options.compile:
            self.model = torch.compile(self.model)  # type: ignore[assignment]

        self._parameters = task.parameter_groups(model)
        if not any(self._parameters.values()):
            raise InputError(f"{type(model).__name__} has no trainable parameters: there is nothing to fit")
        self.optimizers: dict[str, Optimizer] = {
            name: build_optimizer(
                options.optimizer,
                parameters,
                learning_rate=options.learning_rate,
                momentum=options.momentum,
                weight_decay=options.weight_decay,
            )
            for name, parameters in self._parameters.items()
        }
        self._only = next(iter(self.optimizers)) if len(self.optimizers) == 1 else None
        self._closure_kind = closure_kind(next(iter(self.optimizers.values())))
        self.needs_closure = self._closure_kind != "none"
        if self.needs_closure and (self._only is None or self.accumulate > 1 or self.world.size > 1):
            raise InputError(
                f"{options.optimizer} works with one optimizer, one process and accumulate 1: use adamw or momentum here"
            )
        penalised = options.l1 > 0 or options.l2 > 0
        self._penalties = (
            {n: Penalty(p, options.l1, options.l2) for n, p in self._parameters.items()} if penalised else {}
        )
        self._clips = options.clip_norm is not None or options.clip_value is not None
        self._syncs = self.world.size > 1 and (task.own_gradients or wrap is None)
        self._checks_each_step = self.device.type == "cpu"
        self.average = WeightAverage(model, options.ema) if options.ema is not None else None

        self.steps_per_epoch = len(train)
        total = options.epochs * self.steps_per_epoch
        self.total_steps = total if options.max_steps is None else min(total, options.max_steps)
        self.schedule: Schedule = build_schedule(options, self.total_steps / self.steps_per_epoch, task.watched[1])
        self._rate_moves = options.schedule != "constant" or options.warmup > 0
        self._base_rates = {
            name: [group["lr"] for group in optimizer.param_groups] for name, optimizer in self.optimizers.items()
        }
        self._applied_factor: float | None = None

        self.step = 0
        self.epoch = 0
        self.batch = 0
        self.seconds = 0.0
        self._open = False
        self.stop_requested: str | None = None
        self.last_evaluation: Evaluation | None = None
        self.events = Events()
        self.row_readers: list[Callable[[Row], None]] = []
        self.observers: list[Observer] = []
        self._pending: list[Tensor] = []
        self._current: Batch | None = None
        self._clock = time.perf_counter()
        self.events.on("step", Engine._report, every=options.log_every)

    # What a task's step uses -----------------------------------------------------------------------------------------

    def parts(self, batch: Batch) -> Iterator[Batch]:
        """The batch in ``accumulate`` micro-batches of nearly equal size."""
        count, pieces = len(batch), min(self.accumulate, len(batch))
        edges = [count * i // pieces for i in range(pieces + 1)]
        for start, stop in zip(edges, edges[1:], strict=False):
            yield batch.part(start, stop)

    def backward(self, loss: Tensor, name: str | None = None, *, share: float = 1.0) -> None:
        """See :class:`burnish.tasks.stepper.Stepper`."""
        if self._penalties:
            loss = loss + share * self._penalties[name or self._single()]()
        if self._checks_each_step and not math.isfinite(loss.item()):
            raise _BadLossError
        if self._only is not None:
            loss.backward()
        else:
            loss.backward(inputs=self._parameters[name or self._single()])

    def update(self, name: str | None = None) -> None:
        """See :class:`burnish.tasks.stepper.Stepper`."""
        name = name or self._single()
        optimizer = self.optimizers[name]
        if self._syncs:
            sync_grads(self._parameters[name], self.world.size)
        if self._clips:
            clip_(self._parameters[name], self.options.clip_norm, self.options.clip_value)
        optimizer.step()
        optimizer.zero_grad()

    def update_with_closure(self, loss: Callable[[Batch], Tensor], batch: Batch) -> Tensor:
        """See :class:`burnish.tasks.stepper.Stepper`."""
        name = self._single()
        optimizer = self.optimizers[name]

        def closure() -> Tensor:
            value = loss(batch)
            if self._penalties:
                value = value + self._penalties[name]()
            if self._closure_kind == "backward":
                optimizer.zero_grad()
                value.backward()
            return value

        result: Any = optimizer.step(closure)  # type: ignore[arg-type]
        value = torch.as_tensor(result).detach()
        if not math.isfinite(value.item()):
            raise _BadLossError
        return value

    def _single(self) -> str:
        if self._only is None:
            raise InputError(f"task '{self.task.name}' has several optimizers ({', '.join(self.optimizers)}): name one")
        return self._only

    # The loop --------------------------------------------------------------------------------------------------------

    def attach(self, observer: Observer) -> None:
        """Let an observer subscribe; its state becomes part of every checkpoint."""
        self.observers.append(observer)
        observer.subscribe(self)

    @property
    def finished(self) -> bool:
        """True when nothing is left to train."""
        return self.step >= self.total_steps or self.stop_requested is not None

    def fit(self) -> None:
        """Train until the epochs are done, or until something asks to stop.

        Raises:
            NonFiniteLossError: the loss became NaN or infinite.
        """
        with ExitStack() as stack:
            stack.enter_context(preserved_mode(self.module))
            frozen = self._frozen_modules()
            self.events.schedule(self.step)
            self._clock = time.perf_counter()
            self.events.fire("start", self)
            while not self.finished or (self._open and self.stop_requested is None):
                self.module.train()
                for module in frozen:
                    module.training = False
                try:
                    complete = self._epoch()
                except _BadLossError:
                    raise self._explain_bad_loss() from None
                if complete or (self.stop_requested is None and self.finished):
                    self._end_epoch(complete)
            self._tick_seconds()
            self.events.fire("end", self)

    def _epoch(self) -> bool:
        """Train to the end of the epoch; False if it was left early."""
        if self.step >= self.total_steps:  # resumed between the last step and the end of its epoch
            return self.batch >= self.steps_per_epoch
        self._open = True
        train_step, events, pending, average = self.task.step, self.events, self._pending, self.average
        monotonic, options = time.monotonic, self.options
        for batch in self.train.batches(self.epoch, self.batch):
            self._current = batch
            if self._rate_moves:
                self._set_rates()
            loss = train_step(self, batch)
            if options.max_norm is not None:
                max_norm_(self.module, options.max_norm)
            if average is not None:
                average.update(self.module)
            self.step += 1
            self.batch += 1
            pending.append(loss)
            if self.step >= events.next_step or monotonic() >= events.next_time:
                events.fire_step(self)
            if self.step >= self.total_steps or self.stop_requested is not None:
                break
        return self.batch >= self.steps_per_epoch

    def _end_epoch(self, complete: bool) -> None:
        self._open = False
        if complete:
            self.epoch += 1
            self.batch = 0
        self._report()
        if self.validation is not None:
            self.last_evaluation = self.evaluate(self.validation)
            self._tick_seconds()
            self.emit({"event": "validation", **self._position(), **_plain(self.last_evaluation.metrics)})
            self.schedule.observe(self._watched(self.last_evaluation))
            self.events.fire("validated", self)
        self.events.fire("epoch", self)

    def evaluate(self, batches: Loader) -> Evaluation:
        """Score the module as it stands (its averaged weights, with ``ema``), leaving mode and generators as they were."""
        with ExitStack() as stack:
            stack.enter_context(preserved_rng())
            if self.average is not None:
                stack.enter_context(self.average.swapped(self.module))
            stack.enter_context(self.precision())
            return self.task.evaluate(self.module, batches)

    def _watched(self, evaluation: Evaluation) -> float:
        name = self.task.watched[0]
        if name not in evaluation.metrics:
            raise InputError(
                f"task '{self.task.name}' watches '{name}', but its evaluation holds {sorted(evaluation.metrics)}"
            )
        return evaluation.metrics[name].value

    def _frozen_modules(self) -> list[nn.Module]:
        return [module for module in self.module.modules() if not module.training] if self.module.training else []

    def _set_rates(self) -> None:
        factor = self.schedule.factor(self.step / self.steps_per_epoch)
        if factor != self._applied_factor:
            self._applied_factor = factor
            for name, optimizer in self.optimizers.items():
                for group, rate in zip(optimizer.param_groups, self._base_rates[name], strict=True):
                    group["lr"] = rate * factor

    # Rows ------------------------------------------------------------------------------------------------------------

    def emit(self, row: Row) -> None:
        """Hand a row of numbers to everyone who reads them."""
        for read in self.row_readers:
            read(row)

    def _tick_seconds(self) -> float:
        now = time.perf_counter()
        passed, self._clock = now - self._clock, now
        self.seconds += passed
        return passed

    def _position(self) -> Row:
        return {
            "step": self.step,
            "epoch": round(self.epoch + self.batch / self.steps_per_epoch, 6),
            "seconds": round(self.seconds, 3),
        }

    def _report(self) -> None:
        if not self._pending:
            return
        losses = torch.stack(self._pending).float()
        self._pending.clear()
        passed = self._tick_seconds()
        bad = (~torch.isfinite(losses)).nonzero()
        if len(bad):
            raise NonFiniteLossError(self._bad_loss_line(self.step - len(losses) + int(bad[0, 0]) + 1))
        optimizer = next(iter(self.optimizers.values()))
        row = {
            "event": "train",
            **self._position(),
            "loss": losses.mean().item(),
            "learning_rate": optimizer.param_groups[0]["lr"],
        }
        rate = len(losses) * min(self.train.batch_size, len(self.train.source)) / max(passed, 1e-9)
        self.emit(row | {"samples_per_second": round(rate, 1)})

    # Faults ----------------------------------------------------------------------------------------------------------

    def _bad_loss_line(self, step: int) -> str:
        batch = self._current
        if batch is None:
            raise InputError("no batch was seen")
        place = locate_non_finite(
            self.module,
            lambda: self.task.forward(self.module, batch),
            batch,
            inputs_may_miss=self.task.schema.kind == "table",
        )
        rate = next(iter(self.optimizers.values())).param_groups[0]["lr"]
        return (
            f"the loss became NaN or infinite at step {step}: {place}. Try a learning rate below {rate:.2g}, --warmup 1, "
            "--clip-norm 1 or --precision fp32; the last checkpoint is kept"
        )

    def _explain_bad_loss(self) -> NonFiniteLossError:
        return NonFiniteLossError(self._bad_loss_line(self.step + 1))

    # State -----------------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Everything a resumed run needs besides the generators: plain data and tensors."""
        return {
            "module": self.module.state_dict(),
            "optimizers": {name: optimizer.state_dict() for name, optimizer in self.optimizers.items()},
            "schedule": self.schedule.state_dict(),
            "average": self.average.state_dict() if self.average is not None else None,
            "step": self.step,
            "epoch": self.epoch,
            "batch": self.batch,
            "open": self._open,
            "seconds": self.seconds,
            "pending": [float(loss) for loss in self._pending],
            "observers": {observer.name: observer.state_dict() for observer in self.observers},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back :meth:`state_dict`; every observer of the first run must be attached again."""
        self.module.load_state_dict(state["module"])
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])
        self.schedule.load_state_dict(state["schedule"])
        if self.average is not None:
            self.average.load_state_dict(state["average"])
        self.step, self.epoch, self.batch = state["step"], state["epoch"], state["batch"]
        self._open, self.seconds = state["open"], state["seconds"]
        self._pending = [torch.tensor(loss, device=self.device) for loss in state["pending"]]
        self._applied_factor = None
        for observer in self.observers:
            observer.load_state_dict(state["observers"][observer.name])

    def result_state(self) -> dict[str, Tensor]:
        """The weights that count as the result at this moment: the averaged ones with ``ema``, else the module's own."""
        if self.average is None:
            return self.module.state_dict()
        with self.average.swapped(self.module):
            return {name: value.clone() for name, value in self.module.state_dict().items()}

    def adopt_average(self) -> None:
        """Make the averaged weights the module's own; training is over."""
        if self.average is not None:
            self.average.copy_to(self.module)


def _plain(metrics: dict[str, Estimate]) -> Row:
    row: Row = {}
    for name, estimate in metrics.items():
        row[name] = estimate.value
        if math.isfinite(estimate.high - estimate.low):
            row |= {f"{name}_low": estimate.low, f"{name}_high": estimate.high}
    return row


__all__ = ["Engine", "Observer"]
