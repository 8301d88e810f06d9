"""What an attack wants of a model's output: a loss to raise, and when it has succeeded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from burnish.attacks.checks import check_labels, check_logits
from burnish.common.errors import InputError
from burnish.models.auxiliary import main_output


class Goal(Protocol):
    """A loss that the attack raises, and whether an output counts as fooled.

    ``labels`` are what the caller gave beside the inputs: the truth, or for :class:`Reach` the classes to reach.
    """

    def check_labels(self, labels: Any, count: int) -> None:
        """Refuse labels that are none for ``count`` samples."""
        ...

    def check(self, output: Any, labels: Tensor) -> None:
        """Refuse an output that this goal cannot judge."""
        ...

    def loss(self, output: Any, labels: Tensor) -> Tensor:
        """What to raise, ``(N,)``."""
        ...

    def fooled(self, output: Any, labels: Tensor) -> Tensor:
        """Whether each sample is where the attack wants it, ``(N,)`` bool."""
        ...


class _Classes:
    called = "labels"

    def check_labels(self, labels: Any, count: int) -> None:
        check_labels(labels, count, self.called)

    def check(self, output: Any, labels: Tensor) -> None:
        check_logits(main_output(output), labels)


class Misclassify(_Classes):
    """Any class but the true one; the loss is the cross-entropy of the true class.

    >>> Misclassify().fooled(torch.tensor([[2.0, 1.0], [0.0, 1.0]]), torch.tensor([0, 0]))
    tensor([False,  True])
    """

    def loss(self, output: Any, labels: Tensor) -> Tensor:
        return F.cross_entropy(main_output(output), labels, reduction="none")

    def fooled(self, output: Any, labels: Tensor) -> Tensor:
        wrong: Tensor = main_output(output).argmax(dim=1) != labels
        return wrong


class Reach(_Classes):
    """One class, given for each sample; the loss is minus the cross-entropy of that class.

    >>> Reach().fooled(torch.tensor([[2.0, 1.0], [0.0, 1.0]]), torch.tensor([1, 1]))
    tensor([False,  True])
    """

    called = "targets"

    def loss(self, output: Any, labels: Tensor) -> Tensor:
        return -F.cross_entropy(main_output(output), labels, reduction="none")

    def fooled(self, output: Any, labels: Tensor) -> Tensor:
        reached: Tensor = main_output(output).argmax(dim=1) == labels
        return reached


class Exceed:
    """Any loss above a limit, for tasks without classes (a number to predict, a score of the user's own).

    Args:
        loss: from output and targets to one number a sample ``(N,)``, differentiable.
        limit: the sample counts as fooled where the loss is larger.

    >>> square = Exceed(lambda output, target: (output - target).square().flatten(1).sum(1), limit=1.0)
    >>> square.fooled(torch.tensor([[0.5], [3.0]]), torch.zeros(2, 1))
    tensor([False,  True])
    """

    def __init__(self, loss: Callable[[Any, Tensor], Tensor], limit: float) -> None:
        self._loss = loss
        self.limit = limit

    def check_labels(self, labels: Any, count: int) -> None:
        if not isinstance(labels, Tensor) or len(labels) != count:
            raise InputError(f"targets must be a tensor with one row for each of the {count} samples")

    def check(self, output: Any, labels: Tensor) -> None:
        found = self.loss(output, labels)
        if found.shape != (len(labels),):
            raise InputError(
                f"the loss of an attack must have one number a sample, ({len(labels)},), got {tuple(found.shape)}: "
                "do not reduce it over the batch"
            )

    def loss(self, output: Any, labels: Tensor) -> Tensor:
        return self._loss(output, labels)

    def fooled(self, output: Any, labels: Tensor) -> Tensor:
        return self.loss(output, labels) > self.limit


def logarithms(output: Any) -> Tensor:
    """Probabilities as logits: their logarithm, whose softmax they are.

    >>> logarithms(torch.tensor([[0.25, 0.75]])).softmax(dim=1)
    tensor([[0.2500, 0.7500]])
    """
    probabilities: Tensor = main_output(output)
    return probabilities.clamp(min=torch.finfo(probabilities.dtype).tiny).log()
