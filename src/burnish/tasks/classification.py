"""One class of several for every sample."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from burnish.common.errors import InputError
from burnish.common.intervals import Estimate
from burnish.data.batch import Batch
from burnish.data.schema import Schema
from burnish.tasks.show import show_input
from burnish.tasks.task import Metrics, Shown, Task


class Classification(Task):
    """Cross-entropy on logits ``(batch, classes)`` against int64 labels ``(batch,)`` or probabilities ``(batch, classes)``.

    Args:
        schema: names the classes.
        label_smoothing: share of the target spread evenly over all classes while training; Szegedy et al. 2016,
            "Rethinking the Inception Architecture", arXiv:1512.00567, section 7. Reported losses are without it.

    Raises:
        InputError: fewer than two classes, or a share outside [0, 1).
    """

    name = "classification"
    watched = ("accuracy", "max")

    def __init__(self, schema: Schema, label_smoothing: float = 0.0) -> None:
        super().__init__(schema)
        if len(schema.classes) < 2:
            raise InputError(f"classification needs at least two classes, got {len(schema.classes)}: {schema.classes}")
        if not 0 <= label_smoothing < 1:
            raise InputError(f"label_smoothing must lie in [0, 1), got {label_smoothing}")
        self.label_smoothing = label_smoothing

    def loss(self, output: Any, batch: Batch) -> Tensor:
        return F.cross_entropy(output, batch.targets, reduction="none")

    def mean_loss(self, output: Any, batch: Batch) -> Tensor:
        return F.cross_entropy(output, batch.targets, label_smoothing=self.label_smoothing)

    def metrics(self, output: Any, batch: Batch) -> Metrics:
        return {"accuracy": (output.argmax(dim=1) == self._labels(batch)).float()}

    def predict(self, output: Any) -> dict[str, Tensor]:
        confidence, prediction = output.float().softmax(dim=1).max(dim=1)
        return {"prediction": prediction, "confidence": confidence}

    def truth(self, batch: Batch) -> dict[str, Tensor]:
        return {"truth": self._labels(batch)}

    def summarise(self, samples: dict[str, Tensor], confidence: float) -> tuple[dict[str, Estimate], dict[str, Any]]:
        count = len(self.schema.classes)
        pairs = samples["truth"] * count + samples["prediction"]
        confusion = torch.bincount(pairs, minlength=count * count).view(count, count)  # row: truth, column: prediction
        hits, support, chosen = confusion.diagonal().double(), confusion.sum(1).double(), confusion.sum(0).double()
        precision = hits / chosen.clamp(min=1)
        recall = hits / support.clamp(min=1)
        f1 = 2 * hits / (support + chosen).clamp(min=1)
        classes = [
            {"name": name, "precision": p, "recall": r, "f1": f, "support": int(n)}
            for name, p, r, f, n in zip(
                self.schema.classes, precision.tolist(), recall.tolist(), f1.tolist(), support.tolist(), strict=True
            )
        ]
        present = support > 0
        summary = {"classes": classes, "confusion": confusion.tolist(), "macro_f1": f1[present].mean().item()}
        return {}, summary

    def show(self, batch: Batch, position: int) -> Shown:
        return show_input(self.schema, batch, position)

    @staticmethod
    def _labels(batch: Batch) -> Tensor:
        labels: Tensor = batch.targets
        return labels.argmax(dim=1) if labels.ndim == 2 else labels
