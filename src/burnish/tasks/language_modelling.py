"""The next symbol at every place of a text."""

from __future__ import annotations

import math
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from burnish.common.intervals import Estimate
from burnish.data.batch import Batch
from burnish.tasks.evaluation import estimate
from burnish.tasks.show import show_input
from burnish.tasks.task import Metrics, Shown, Task


class LanguageModelling(Task):
    """Cross-entropy in nats per symbol: logits ``(batch, length, symbols)`` against the next symbols ``(batch, length)``.

    The loss of a sample is the mean over its symbols.
    """

    name = "language-modelling"

    def loss(self, output: Any, batch: Batch) -> Tensor:
        return (
            F.cross_entropy(output.flatten(0, 1), batch.targets.flatten(), reduction="none")
            .view_as(batch.targets)
            .mean(1)
        )

    def mean_loss(self, output: Any, batch: Batch) -> Tensor:
        return F.cross_entropy(output.flatten(0, 1), batch.targets.flatten())

    def metrics(self, output: Any, batch: Batch) -> Metrics:
        return {"accuracy": (output.argmax(dim=2) == batch.targets).float().mean(dim=1)}

    def summarise(self, samples: dict[str, Tensor], confidence: float) -> tuple[dict[str, Estimate], dict[str, Any]]:
        nats = estimate(samples["loss"], confidence)
        perplexity = Estimate(math.exp(nats.value), math.exp(nats.low), math.exp(nats.high), nats.count, confidence)
        return {"perplexity": perplexity}, {}

    def show(self, batch: Batch, position: int) -> Shown:
        return show_input(self.schema, batch, position)
