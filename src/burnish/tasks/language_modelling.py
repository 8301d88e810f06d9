"""The next symbol at every place of a text."""

from __future__ import annotations

import math
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from burnish.common.errors import InputError
from burnish.common.intervals import Estimate
from burnish.data.batch import Batch
from burnish.tasks.evaluation import estimate
from burnish.tasks.show import show_input
from burnish.tasks.task import Metrics, Shown, Task


class LanguageModelling(Task):
    """Cross-entropy in nats per symbol of logits ``(batch, length, symbols)`` against symbols ``(batch, length)``.

    The loss of a sample is the mean over its symbols, and so is its accuracy. Perplexity is ``exp`` of the loss: the
    number of equally likely symbols that would be as hard to guess. Its interval is that of the loss, mapped alike.
    """

    name = "language-modelling"

    def loss(self, output: Any, batch: Batch) -> Tensor:
        """Nats per symbol of each window ``(batch,)``.

        Raises:
            InputError: the logits do not give every place one number a symbol.
        """
        expected = (*batch.targets.shape, len(self.schema.vocabulary))
        if output.shape != expected:
            raise InputError(
                f"language modelling needs logits of shape {expected}: batch, length, symbols; "
                f"got {tuple(output.shape)}"
            )
        nats = F.cross_entropy(output.flatten(0, 1), batch.targets.flatten(), reduction="none")
        return nats.view_as(batch.targets).mean(dim=1)

    def mean_loss(self, output: Any, batch: Batch) -> Tensor:
        """Nats per symbol of the whole batch, a scalar."""
        return F.cross_entropy(output.flatten(0, 1), batch.targets.flatten())

    def metrics(self, output: Any, batch: Batch) -> Metrics:
        """``accuracy``: the share of symbols of a window that were guessed ``(batch,)``."""
        return {"accuracy": (output.argmax(dim=2) == batch.targets).float().mean(dim=1)}

    def summarise(self, samples: dict[str, Tensor], confidence: float) -> tuple[dict[str, Estimate], dict[str, Any]]:
        """``perplexity`` with its interval."""
        nats = estimate(samples["loss"], confidence)
        return {"perplexity": Estimate(_exp(nats.value), _exp(nats.low), _exp(nats.high), nats.count, confidence)}, {}

    def show(self, batch: Batch, position: int) -> Shown:
        """The window itself."""
        return show_input(self.schema, batch, position)


def _exp(nats: float) -> float:
    try:
        return math.exp(nats)
    except OverflowError:  # a model that diverged
        return math.inf
