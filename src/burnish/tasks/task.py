"""What a batch means: inputs, targets, loss, metrics, and one training step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.common.intervals import Estimate
from burnish.data.batch import Batch
from burnish.data.schema import Schema
from burnish.models.auxiliary import weighted_loss

if TYPE_CHECKING:
    from burnish.tasks.evaluation import Evaluation
    from burnish.tasks.stepper import Stepper

Metrics = dict[str, Tensor]


@dataclass(frozen=True)
class Shown:
    """A sample to look at: a picture ``(H, W, C)`` uint8, a text, or the columns of a row."""

    picture: Tensor | None = None
    text: str | None = None
    row: dict[str, str] | None = None


class Task:
    """Base of every task. A subclass gives :meth:`loss`; the default step then trains it.

    Class attributes:
        name: how configs and the command line call it.
        watched: the metric that early stopping and "best" look at, and whether more or less of it is better.
        own_gradients: True when :meth:`step` takes gradients in ways that ``DistributedDataParallel`` cannot serve (two
            optimizers, gradient penalties, ``autograd.grad``); the engine then averages gradients over ranks itself.
    """

    name: ClassVar[str]
    watched: ClassVar[tuple[str, Literal["max", "min"]]] = ("loss", "min")
    own_gradients: ClassVar[bool] = False

    def __init__(self, schema: Schema) -> None:
        self.schema = schema

    def forward(self, model: nn.Module, batch: Batch) -> Any:
        """Model output for a batch: ``model(batch.inputs)`` unless a task needs more."""
        return model(batch.inputs)

    def loss(self, output: Any, batch: Batch) -> Tensor:
        """Loss of each sample, ``(batch,)``: attacks, error analysis and label checks need it unreduced."""
        raise NotImplementedError(f"task '{self.name}' has no loss of its own")

    def mean_loss(self, output: Any, batch: Batch) -> Tensor:
        """What training descends, a scalar: the mean of :meth:`loss`, with that of auxiliary outputs at their weights.

        Override it only where a fused kernel gives the same number faster.
        """
        return weighted_loss(lambda part: self.loss(part, batch).mean(), output)

    def metrics(self, output: Any, batch: Batch) -> Metrics:
        """What to report beside the loss, one value a sample ``(batch,)``, so that each mean gets its interval."""
        return {}

    def predict(self, output: Any) -> dict[str, Tensor]:
        """What a user wants to read of an output, one row a sample (a label and its probability, a number)."""
        return {}

    def truth(self, batch: Batch) -> dict[str, Tensor]:
        """What the predictions are held against, one row a sample."""
        return {}

    def summarise(self, samples: dict[str, Tensor], confidence: float) -> tuple[dict[str, Estimate], dict[str, Any]]:
        """Metrics and plain data that need the whole split, from the columns of an evaluation."""
        return {}, {}

    def show(self, batch: Batch, position: int) -> Shown:
        """One input in a form that a person can look at."""
        return Shown()

    def parameter_groups(self, model: nn.Module) -> dict[str, list[nn.Parameter]]:
        """Parameters by optimizer name. Most tasks have one optimizer, called ``model``."""
        return {"model": [p for p in model.parameters() if p.requires_grad]}

    def step(self, engine: Stepper, batch: Batch) -> Tensor:
        """One training step. Tasks with several optimizers or their own rule override it.

        Args:
            engine: what drives the step.
            batch: of this rank, with at least one sample.

        Returns:
            The loss of the batch before the step, a detached scalar.

        Raises:
            InputError: the batch has no samples.
        """
        if engine.needs_closure:
            return engine.update_with_closure(
                lambda part: self.mean_loss(self.forward(engine.model, part), part), batch
            )
        if engine.accumulate == 1:
            with engine.precision():
                loss = self.mean_loss(self.forward(engine.model, batch), batch)
            engine.backward(loss * batch.weight if batch.weight != 1.0 else loss)
            engine.update()
            return loss.detach()
        total: Tensor | None = None
        for part in engine.parts(batch):
            share = len(part) / len(batch)
            with engine.precision():
                loss = self.mean_loss(self.forward(engine.model, part), part)
            engine.backward(loss * (batch.weight * share), share=share)
            total = loss.detach() * share if total is None else total + loss.detach() * share
        engine.update()
        if total is None:
            raise InputError("a batch without samples reached the training step: check the batch size and the data")
        return total

    def evaluate(self, model: nn.Module, batches: Any, confidence: float = 0.95) -> Evaluation:
        """Score a model on batches; the default averages loss and metrics over samples."""
        from burnish.tasks.evaluation import evaluate

        return evaluate(self, model, batches, confidence)

    def example(self, batch_size: int = 2) -> Any:
        """Inputs of the right shape and type, for tracing, counting and checks."""
        if self.schema.kind == "text":
            return torch.zeros(batch_size, *self.schema.input_shape, dtype=torch.int64)
        return torch.zeros(batch_size, *self.schema.input_shape)
