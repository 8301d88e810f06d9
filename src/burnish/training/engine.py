"""The training loop: thin, exact to resume, and silent about nothing."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError, NonFiniteLossError
from burnish.common.module_state import preserved_mode
from burnish.common.seeding import preserved_rng
from burnish.data.batch import Batch
from burnish.data.loaders.loader import Loader
from burnish.tasks.evaluation import Evaluation
from burnish.tasks.task import Task
from burnish.training.agreement import one_voice
from burnish.training.average import WeightAverage
from burnish.training.constraints import MaxNorm
from burnish.training.distributed import World
from burnish.training.evaluating import evaluate_together
from burnish.training.events import Events, Row
from burnish.training.freezing import Freezing
from burnish.training.ledger import Ledger
from burnish.training.nonfinite import locate_non_finite
from burnish.training.observers.observer import Observer
from burnish.training.options import TrainingOptions
from burnish.training.precision import resolve_precision
from burnish.training.schedules import Schedule, build_schedule
from burnish.training.sharded import mesh_of, split_like
from burnish.training.updater import BadLossError, Updater
from burnish.training.waiting import Waiting


class Engine:
    """Train a module on a task.

    Args:
        model: any module; it is trained in place. Submodules found in evaluation mode while the module itself trains
            (frozen BatchNorms, say) stay in evaluation mode.
        task: what a batch means.
        train: batches to learn from.
        options: how to train, with nothing left open (:func:`burnish.training.defaults.resolve_options`).
        validation: batches to score after each epoch, or None.
        device: where the model and the batches are.
        world: this process among its peers.
        wrap: turns the module into what training forwards go through (``DistributedDataParallel``); None for none.

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
        self.precision = resolve_precision(options, task.schema, self.device).context
        self.freezing = Freezing(model, options)
        self._wrap = wrap
        with self.freezing.lasting():
            self.model = self._wrapped()
            self.updater = Updater(
                model,
                task,
                options,
                ranks=self.world.size,
                syncs=self.world.size > 1 and (task.own_gradients or wrap is None),
                checks=self.device.type == "cpu" and self.world.size == 1,  # ranks have to find out together
            )
        self.optimizers = self.updater.optimizers
        self.needs_closure = self.updater.needs_closure
        self.backward = self.updater.backward
        self.update = self.updater.update
        self.update_with_closure = self.updater.update_with_closure
        self.average = WeightAverage(model, options.ema) if options.ema is not None else None

        self.steps_per_epoch = len(train)
        total = options.epochs * self.steps_per_epoch
        self.total_steps = total if options.max_steps is None else min(total, options.max_steps)
        self.schedule: Schedule = build_schedule(options, self.total_steps / self.steps_per_epoch, task.watched[1])
        self._rate_moves = options.schedule != "constant" or options.warmup > 0

        self.step = 0
        self.epoch = 0
        self.batch = 0
        self.seconds = 0.0
        self.stop_requested: str | None = None
        self.last_evaluation: Evaluation | None = None
        self.events = Events()
        self.row_readers: list[Callable[[Row], None]] = []
        self.observers: list[Observer] = []
        self._epoch_is_open = False
        self.ledger = Ledger(self.world)
        self.note = self.ledger.note
        self.waiting = Waiting(self.device)
        self._current: Batch | None = None
        self._clock = time.perf_counter()
        self.events.on("step", Engine._report, every=options.log_every)

    def attach(self, observer: Observer) -> None:
        """Let an observer subscribe; its state becomes part of every checkpoint."""
        if not isinstance(observer, Observer):
            raise InputError(
                f"an observer has name, subscribe, state_dict and load_state_dict; {type(observer).__name__} lacks some"
            )
        self.observers.append(observer)
        observer.subscribe(self)

    @property
    def finished(self) -> bool:
        """True when nothing is left to train."""
        return self.step >= self.total_steps or self.stop_requested is not None

    def parts(self, batch: Batch) -> Iterator[Batch]:
        """The batch in ``accumulate`` micro-batches of nearly equal size; ranks average their gradients at the last."""
        count, ranks = len(batch), self.world.size
        fewest = round(count * ranks / batch.weight) // ranks  # as many pieces on every rank
        pieces = min(self.accumulate, fewest)
        wait: Any = getattr(self.model, "no_sync", nullcontext)
        for start, stop in itertools.pairwise(count * i // pieces for i in range(pieces + 1)):
            with wait() if stop < count else nullcontext():
                yield batch.part(start, stop)

    def fit(self) -> None:
        """Train until the epochs are done, or until something asks to stop.

        Raises:
            NonFiniteLossError: the loss became NaN or infinite.
        """
        with preserved_mode(self.module), ExitStack() as stack:
            stack.callback(self.freezing.restore)
            stack.callback(self.events.fire, "close", self)
            frozen = [m for m in self.module.modules() if not m.training] if self.module.training else []
            self.events.schedule(self.step)
            self._clock = time.perf_counter()
            self.events.fire("start", self)
            while not self.finished or (self._epoch_is_open and self.stop_requested is None):
                self.module.train()
                for module in frozen:
                    module.training = False
                if self.freezing.begin(self.epoch) and self.freezing.changes:
                    self.model = self._wrapped()
                try:
                    complete = self._train_epoch()
                except BadLossError:
                    raise NonFiniteLossError(self._bad_loss_line(self.step + 1)) from None
                if complete or self.stop_requested is None:
                    self._end_epoch(complete)
            self._tick()
            self.events.fire("end", self)

    def _wrapped(self) -> nn.Module:
        model = self._wrap(self.module) if self._wrap else self.module
        return torch.compile(model) if self.options.compile else model  # type: ignore[return-value]

    def _train_epoch(self) -> bool:
        """Train to the end of the epoch; False if it was left early."""
        if self.step >= self.total_steps:  # resumed between the last step and the end of its epoch
            return self.batch >= self.steps_per_epoch
        self._epoch_is_open = True
        train_step, events, losses, average = self.task.step, self.events, self.ledger.losses, self.average
        monotonic, limit, waiting = time.monotonic, self.options.max_norm, self.waiting
        keep_norms = MaxNorm(self.module, limit) if limit is not None else None  # walks the module once, not every step
        waiting.asked()
        for batch in self.train.batches(self.epoch, self.batch):
            waiting.came()
            self._current = batch
            if self._rate_moves:
                self.updater.set_rates(self.schedule.factor(self.step / self.steps_per_epoch))
            loss = train_step(self, batch)
            if keep_norms is not None:
                keep_norms()
            if average is not None:
                average.update(self.module)
            self.step += 1
            self.batch += 1
            losses.append(loss if batch.weight == 1.0 else loss * batch.weight)
            if self.step >= events.next_step or monotonic() >= events.next_time:
                events.fire_step(self)
            if self.step >= self.total_steps or self.stop_requested is not None:
                break
            waiting.asked()
        return self.batch >= self.steps_per_epoch

    def _end_epoch(self, complete: bool) -> None:
        self._epoch_is_open = False
        if complete:
            self.epoch += 1
            self.batch = 0
        self._report()
        if self.validation is not None:
            self.last_evaluation = self.evaluate(self.validation)
            self._tick()
            self.emit({"event": "validation", **self._position(), **self.last_evaluation.row()})
            self.schedule.observe(self.watched(self.last_evaluation))
            self.events.fire("validated", self)
        self.events.fire("epoch", self)

    def evaluate(self, batches: Loader) -> Evaluation:
        """Score the module as it stands (with ``ema`` its averaged weights); mode and generators stay as they were."""
        with ExitStack() as stack:
            stack.enter_context(preserved_rng())
            if self.average is not None:
                stack.enter_context(self.average.swapped(self.module))
            stack.enter_context(self.precision())
            return evaluate_together(self.task, self.module, batches, self.world)

    def watched(self, evaluation: Evaluation) -> float:
        """The number that early stopping, the best weights and the plateau schedule look at."""
        name = self.task.watched[0]
        if name not in evaluation.metrics:
            found = sorted(evaluation.metrics)
            raise InputError(f"task '{self.task.name}' watches '{name}', but its evaluation holds {found}")
        return evaluation.metrics[name].value

    def emit(self, row: Row) -> None:
        """Hand a row of numbers to everyone who reads them."""
        for read in self.row_readers:
            read(row)

    def _tick(self) -> float:
        now = time.perf_counter()
        passed, self._clock = now - self._clock, now
        self.seconds += passed
        return passed

    def _position(self) -> Row:
        epoch = self.epoch + self.batch / self.steps_per_epoch
        return {"step": self.step, "epoch": round(epoch, 6), "seconds": round(self.seconds, 3)}

    def _report(self) -> None:
        if not self.ledger.losses:
            return
        settled = self._check_losses()
        self.ledger.clear()
        passed = self._tick()
        rate = len(settled["loss"]) * min(self.train.batch_size, len(self.train.source)) / max(passed, 1e-9)
        means = {name: math.fsum(values) / len(values) for name, values in settled.items()}
        row = {**means, "learning_rate": self.updater.learning_rate}
        speed = {"samples_per_second": round(rate, 1), "data_wait": round(self.waiting.settle(passed), 4)}
        self.emit({"event": "train", **self._position(), **row, **speed})

    def _check_losses(self) -> dict[str, list[float]]:
        """What the ledger holds; every rank comes here at the same step.

        Raises:
            NonFiniteLossError: a loss since the last report is NaN or infinite.
        """
        settled = self.ledger.settle()
        losses = settled.get("loss", [])
        for number, loss in enumerate(losses):
            if not math.isfinite(loss):
                with one_voice(self.world):
                    raise NonFiniteLossError(self._bad_loss_line(self.step - len(losses) + number + 1))
        return settled

    def _bad_loss_line(self, step: int) -> str:
        batch = self._current
        if batch is None:
            return f"the loss became NaN or infinite at step {step}, before any batch was seen by this process"
        if mesh_of(self.module) is not None:
            place = "in which layer is not looked for where weights are sharded"
        else:
            with self.precision():
                place = locate_non_finite(
                    self.module,
                    lambda: self.task.forward(self.module, batch),
                    batch,
                    inputs_may_miss=self.task.schema.kind == "table",
                )
        return (
            f"the loss became NaN or infinite at step {step}: {place}. Try a learning rate below "
            f"{self.updater.learning_rate:.2g}, --warmup 1, --clip-norm 1 or --precision fp32; "
            "the last checkpoint is kept"
        )

    def state_dict(self) -> dict[str, Any]:
        """Everything a resumed run needs besides the generators: plain data and tensors. Every rank has to ask for it.

        Raises:
            NonFiniteLossError: a loss since the last report is NaN or infinite: this is no state to go on from.
        """
        return {
            "module": self.module.state_dict(),
            "optimizers": self.updater.state_dict(),
            "schedule": self.schedule.state_dict(),
            "average": self.average.state_dict() if self.average is not None else None,
            "step": self.step,
            "epoch": self.epoch,
            "batch": self.batch,
            "epoch_is_open": self._epoch_is_open,
            "seconds": self.seconds,
            "waiting": self.waiting.state_dict(),
            "ledger": self._check_losses(),
            "observers": {observer.name: observer.state_dict() for observer in self.observers},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back :meth:`state_dict`; every observer of the first run must be attached again."""
        state = split_like(state, self.module, self.optimizers)
        self.module.load_state_dict(state["module"])
        self.updater.load_state_dict(state["optimizers"])
        self.schedule.load_state_dict(state["schedule"])
        if self.average is not None:
            self.average.load_state_dict(state["average"])
        self.step, self.epoch, self.batch = state["step"], state["epoch"], state["batch"]
        self._epoch_is_open, self.seconds = state["epoch_is_open"], state["seconds"]
        if "waiting" in state:  # runs from before it was measured have none
            self.waiting.load_state_dict(state["waiting"])
        self.ledger.load_state_dict(state["ledger"], self.device)
        for observer in self.observers:
            observer.load_state_dict(state["observers"][observer.name])

    def result_state(self) -> dict[str, Tensor]:
        """The weights that count as the result at this moment: averaged with ``ema``, else the module's own."""
        if self.average is None:
            return self.module.state_dict()
        with self.average.swapped(self.module):
            return {name: value.clone() for name, value in self.module.state_dict().items()}

    def adopt_average(self) -> None:
        """Make the averaged weights the module's own; training is over."""
        if self.average is not None:
            self.average.copy_to(self.module)
