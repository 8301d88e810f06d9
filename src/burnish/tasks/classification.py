"""One class of several for every sample."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from burnish.common.errors import InputError
from burnish.common.intervals import Estimate, unit_score
from burnish.data.batch import Batch
from burnish.data.schema import Schema
from burnish.models.auxiliary import main_output, weighted_loss
from burnish.tasks.show import show_input
from burnish.tasks.task import Metrics, Shown, Task


class Classification(Task):
    """Cross-entropy on logits ``(batch, classes)`` against labels ``(batch,)`` or probabilities ``(batch, classes)``.

    Labels are int64. Where targets are probabilities (mixed samples, several annotators), the most probable class
    counts as the truth for everything but the loss.

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
            found = ", ".join(schema.classes) or "none"
            raise InputError(f"classification needs at least two classes, got {len(schema.classes)}: {found}")
        if not 0 <= label_smoothing < 1:
            raise InputError(f"label_smoothing must lie in [0, 1), got {label_smoothing}: 0.1 is usual")
        self.label_smoothing = label_smoothing

    def loss(self, output: Any, batch: Batch) -> Tensor:
        """Cross-entropy in nats ``(batch,)``, without smoothing.

        Raises:
            InputError: there is not one logit a class.
        """
        classes = len(self.schema.classes)
        output = main_output(output)
        if output.ndim != 2 or output.shape[1] != classes:
            raise InputError(
                f"classification into {classes} classes needs outputs of shape (batch, {classes}), "
                f"got {tuple(output.shape)}: give the model's last layer {classes} outputs"
            )
        return F.cross_entropy(output, _targets(output, batch), reduction="none")

    def mean_loss(self, output: Any, batch: Batch) -> Tensor:
        """Mean cross-entropy, a scalar, with smoothing, of auxiliary heads too: what training descends."""
        return weighted_loss(
            lambda logits: F.cross_entropy(logits, _targets(logits, batch), label_smoothing=self.label_smoothing),
            output,
        )

    def metrics(self, output: Any, batch: Batch) -> Metrics:
        """``accuracy``: 1 where the largest logit is that of the true class ``(batch,)``."""
        return {"accuracy": (main_output(output).argmax(dim=1) == labels(batch)).float()}

    def predict(self, output: Any) -> dict[str, Tensor]:
        """The class of highest probability, and that probability, each ``(batch,)``."""
        confidence, prediction = main_output(output).float().softmax(dim=1).max(dim=1)
        return {"prediction": prediction, "confidence": confidence}

    def truth(self, batch: Batch) -> dict[str, Tensor]:
        """The true class ``(batch,)``."""
        return {"truth": labels(batch)}

    def summarise(self, samples: dict[str, Tensor], confidence: float) -> tuple[dict[str, Estimate], dict[str, Any]]:
        """``macro_f1`` with its interval; precision, recall and F1 of every class, and the confusion matrix."""
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
        macro = macro_f1(confusion, confidence)
        return {"macro_f1": macro}, {"classes": classes, "confusion": confusion.tolist()}

    def show(self, batch: Batch, position: int) -> Shown:
        """The input of one sample."""
        return show_input(self.schema, batch, position)


def labels(batch: Batch) -> Tensor:
    """The true class of each sample ``(batch,)``, also where targets are probabilities."""
    targets: Tensor = batch.targets
    return targets.argmax(dim=1) if targets.ndim == 2 else targets


def macro_f1(confusion: Tensor, confidence: float = 0.95) -> Estimate:
    """The mean F1 of the classes that occur as a truth or as a prediction, with its interval.

    Source: Takahashi, Yamamoto, Kuchiba and Koyama 2022, "Confidence interval for micro-averaged F1 and macro-averaged
    F1 scores", Applied Intelligence 52 (the delta method on the cells of the confusion matrix).

    Args:
        confusion: counts ``(classes, classes)``, a row a truth, a column a prediction.
        confidence: level of the interval.

    >>> macro_f1(torch.tensor([[8, 2], [0, 10]])).value.__round__(4)
    0.899
    """
    cells = confusion.double()
    total = cells.sum()
    mass = cells.sum(0) + cells.sum(1)
    present = mass > 0
    occurring = present.sum().clamp(min=1)
    mass = mass.clamp(min=1)
    f1 = 2 * cells.diagonal() / mass
    # What one more sample in a cell changes: every sample of a class weighs its F1 down, a hit lifts it.
    drop = f1 / mass
    influence = -(drop[:, None] + drop[None, :]) + torch.diag(2 / mass)
    influence = influence * total / occurring
    deviation = ((cells * influence.square()).sum() / total.clamp(min=1)).sqrt()
    return unit_score((f1.sum() / occurring).item(), deviation.item(), int(total), confidence)


def _targets(output: Tensor, batch: Batch) -> Tensor:
    targets: Tensor = batch.targets
    return targets.to(output.dtype) if targets.ndim == 2 else targets
