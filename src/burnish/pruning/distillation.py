"""A pruned classifier that learns from the answers of the one that it was cut from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.common.module_state import preserved_mode
from burnish.data.batch import Batch
from burnish.data.schema import Schema
from burnish.models.auxiliary import main_output
from burnish.tasks.classification import Classification
from burnish.tasks.stepper import Stepper


class Taught(NamedTuple):
    """Targets, and what the teacher answers to the same inputs ``(batch, classes)``."""

    targets: Tensor
    answer: Tensor


class Distillation(Classification):
    """Cross-entropy with the labels, mixed with the divergence from a teacher's softened answer.

    Source: Hinton, Vinyals and Dean 2015, "Distilling the knowledge in a neural network", arXiv:1503.02531, section 2;
    the divergence is multiplied by the squared temperature, so that its gradient keeps its size.

    Args:
        schema: names the classes.
        teacher: the unpruned model; it is only asked, in evaluation mode.
        share: of the loss that the teacher gives, in (0, 1).
        temperature: that softens both answers.
        label_smoothing: see :class:`Classification`.

    Raises:
        InputError: a share or a temperature out of its range.
    """

    def __init__(
        self,
        schema: Schema,
        teacher: nn.Module,
        share: float = 0.5,
        temperature: float = 4.0,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(schema, label_smoothing)
        if not 0 < share < 1:
            raise InputError(f"distill must lie in (0, 1), got {share:g}: it is the teacher's share of the loss")
        if not temperature > 0:
            raise InputError(f"the temperature must be positive, got {temperature:g}: 4 is usual")
        self.teacher = teacher
        self.share = share
        self.temperature = temperature

    def step(self, engine: Stepper, batch: Batch) -> Tensor:
        """Ask the teacher about the batch, then take the step of a classifier."""
        if next(self.teacher.parameters()).device != batch.inputs.device:
            self.teacher.to(batch.inputs.device)
        with torch.no_grad(), preserved_mode(self.teacher, training=False), engine.precision():
            answer = main_output(self.teacher(batch.inputs)).float()
        return super().step(engine, replace(batch, targets=Taught(batch.targets, answer)))

    def mean_loss(self, output: Any, batch: Batch) -> Tensor:
        """What training descends; without a teacher's answer the loss of a classifier."""
        if not isinstance(batch.targets, Taught):
            return super().mean_loss(output, batch)
        own = super().mean_loss(output, replace(batch, targets=batch.targets.targets))
        softened = (main_output(output).float() / self.temperature).log_softmax(dim=1)
        taught = (batch.targets.answer / self.temperature).softmax(dim=1)
        divergence = F.kl_div(softened, taught, reduction="batchmean") * self.temperature**2
        return (1 - self.share) * own + self.share * divergence
