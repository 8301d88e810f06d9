"""The data that some criteria look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.data.batch import Batch, map_tensors
from burnish.models.count import call_arguments
from burnish.tasks.task import Task

Loss = Callable[[Any, Any], Tensor]
"""From a model's output and the targets to a loss a sample ``(batch,)``, or to its mean."""


@dataclass(frozen=True)
class Calibration:
    """Batches, and what is lost on them.

    Attributes:
        batches: a loader, or any iterable of :class:`burnish.data.batch.Batch` or ``(inputs, targets)``; gone through
            once.
        task: whose loss counts, or a function of outputs and targets.
    """

    batches: Iterable[Any]
    task: Task | Loss | None = None

    def over(self, model: nn.Module) -> Iterator[Batch]:
        """Every batch, on the device of the model.

        Raises:
            InputError: there is none, or one is neither a batch nor a pair.
        """
        device = next(model.parameters()).device
        count = 0
        for given in self.batches:
            batch = _batch(given)
            if len(batch):
                count += 1
                inputs, targets = map_tensors(lambda tensor: tensor.to(device), (batch.inputs, batch.targets))
                yield Batch(inputs, targets, batch.index, batch.weight)
        if not count:
            raise InputError("batches has no samples: pass a loader or a list (a generator serves one call only)")

    def forward(self, model: nn.Module, batch: Batch) -> Any:
        """What the model gives for a batch."""
        if isinstance(self.task, Task):
            return self.task.forward(model, batch)
        arguments, keywords = call_arguments(model, batch.inputs)
        return model(*arguments, **keywords)

    def mean_loss(self, model: nn.Module, batch: Batch) -> Tensor:
        """Mean loss of the samples of a batch, a scalar."""
        output = self.forward(model, batch)
        if isinstance(self.task, Task):
            return self.task.mean_loss(output, batch)
        assert self.task is not None
        return self.task(output, batch.targets).mean()


def _batch(given: Any) -> Batch:
    if isinstance(given, Batch):
        return given
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise InputError(f"a calibration batch must be a Batch or (inputs, targets), got {type(given).__name__}")
    leaves: list[Tensor] = []
    map_tensors(lambda tensor: leaves.append(tensor) or tensor, given[0])  # type: ignore[func-returns-value]
    if not leaves or not leaves[0].ndim:
        raise InputError("the inputs of a calibration batch hold no tensor with a dimension of samples")
    return Batch(given[0], given[1], torch.arange(len(leaves[0])))
