"""Scoring a model on a split: every mean with its interval, every sample's loss and prediction kept."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.common.intervals import Estimate, mean, proportion
from burnish.common.module_state import evaluating
from burnish.data.batch import Batch

if TYPE_CHECKING:
    from burnish.tasks.task import Task

_FIRST_ROOM = 4096


@dataclass(frozen=True)
class Evaluation:
    """What a model scored.

    ``metrics`` are estimates with intervals; ``samples`` holds one row a sample, on the CPU: ``index``, ``loss``, the
    task's metrics and predictions; ``summary`` is what only the whole split can tell (a confusion matrix, say), as
    plain data for a JSON file.
    """

    metrics: dict[str, Estimate]
    samples: dict[str, Tensor] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)

    def row(self) -> dict[str, float]:
        """The metrics as flat numbers, with ``_low`` and ``_high`` beside each that has a finite interval."""
        flat: dict[str, float] = {}
        for name, found in self.metrics.items():
            flat[name] = found.value
            if math.isfinite(found.high - found.low):
                flat |= {f"{name}_low": found.low, f"{name}_high": found.high}
        return flat


def evaluate(task: Task, model: nn.Module, batches: Iterable[Batch], confidence: float = 0.95) -> Evaluation:
    """Average loss and metrics over all samples, in evaluation mode, leaving the model as it was.

    Means of zeros and ones get Wilson's interval, other means the normal one.

    Raises:
        InputError: there are no samples.
    """
    samples, scored = sample_columns(task, model, batches)
    return score(task, samples, scored, confidence)


def sample_columns(task: Task, model: nn.Module, batches: Iterable[Batch]) -> tuple[dict[str, Tensor], list[str]]:
    """One row a sample, and which columns are scores: the half of :func:`evaluate` that processes can share.

    Raises:
        InputError: there are no samples.
    """
    columns: dict[str, _Column] = {}
    scores: dict[str, Tensor] = {}
    with evaluating(model):
        for batch in batches:
            output = task.forward(model, batch)
            loss = task.loss(output, batch)
            scores = {"loss": loss, **task.metrics(output, batch)}
            row = {"index": batch.index, **scores, **task.predict(output), **task.truth(batch)}
            for name, values in row.items():
                columns.setdefault(name, _Column()).append(values.detach())
    if not columns:
        raise InputError("nothing to evaluate: the split has no samples")
    return {name: column.values() for name, column in columns.items()}, list(scores)


class _Column:
    """Values of more and more samples, in one block of memory.

    A small tensor kept from every batch would lie between the large ones that the batch has freed, and keep the
    allocator from putting them together again: memory would grow with the split.
    """

    def __init__(self) -> None:
        self._held: Tensor | None = None
        self._count = 0

    def append(self, values: Tensor) -> None:
        stop = self._count + len(values)
        if self._held is None:
            self._held = values.new_empty(max(stop, _FIRST_ROOM), *values.shape[1:])
        elif stop > len(self._held):
            more = values.new_empty(max(stop, 2 * len(self._held)) - len(self._held), *values.shape[1:])
            self._held = torch.cat([self._held, more])
        self._held[self._count : stop] = values
        self._count = stop

    def values(self) -> Tensor:
        """A copy of what came, on the CPU."""
        assert self._held is not None
        return self._held[: self._count].clone().cpu()


def score(task: Task, samples: dict[str, Tensor], scored: Iterable[str], confidence: float = 0.95) -> Evaluation:
    """What the columns of a whole split add up to: the other half of :func:`evaluate`."""
    metrics = {name: estimate(samples[name], confidence) for name in scored}
    extra, summary = task.summarise(samples, confidence)
    return Evaluation(metrics | extra, samples, summary)


def estimate(values: Tensor, confidence: float = 0.95) -> Estimate:
    """The mean of ``(samples,)`` with its interval.

    >>> print(estimate(torch.tensor([1.0, 1.0, 0.0, 1.0])))
    0.75 [0.3006, 0.9544]
    """
    values = values.double()
    if bool(((values == 0) | (values == 1)).all()):
        return proportion(int(values.sum()), len(values), confidence)
    deviation = values.std().item() if len(values) > 1 else 0.0
    found = mean(values.mean().item(), deviation, len(values), confidence)
    # What is never negative has no negative mean; the normal interval of a few samples does not know that.
    return replace(found, low=max(found.low, 0.0)) if bool((values >= 0).all()) else found
