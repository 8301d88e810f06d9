"""Losses that compare logits: how far the true class leads, and that lead as a share of the spread of the logits."""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor

from burnish.attacks.goal import Goal, Misclassify, Reach
from burnish.common.errors import InputError
from burnish.models.auxiliary import main_output

_TINY = 1e-12


def margin(logits: Tensor, labels: Tensor) -> Tensor:
    """How far the logit of each sample's class lies above the best of the others, ``(N,)``; negative where below.

    >>> import torch
    >>> margin(torch.tensor([[3.0, 1.0, 2.0], [3.0, 1.0, 2.0]]), torch.tensor([0, 1]))
    tensor([ 1., -2.])
    """
    own = logits.gather(1, labels[:, None])[:, 0]
    return own - without(logits, labels).amax(dim=1)


def without(logits: Tensor, labels: Tensor) -> Tensor:
    """The logits with that of each sample's class at minus infinity."""
    return logits.scatter(1, labels[:, None], -math.inf)


def dlr(logits: Tensor, labels: Tensor) -> Tensor:
    """The difference of logits ratio ``(N,)``: positive where a sample is fooled, and blind to scale and shift.

    Source: Croce and Hein 2020, "Reliable evaluation of adversarial robustness with an ensemble of diverse
    parameter-free attacks", arXiv:2003.01690, section 4, DLR loss.

    Args:
        logits: ``(N, classes)``, three classes or more.
        labels: the true classes ``(N,)``.

    Raises:
        InputError: the model has two classes, whose ratio is always 1 or -1.

    >>> import torch
    >>> dlr(torch.tensor([[5.0, 4.0, 1.0, 0.0]]), torch.tensor([0]))
    tensor([-0.2500])
    """
    if logits.shape[1] < 3:
        raise InputError(
            f"the DLR loss divides by the distance from the largest to the third logit, and the model has "
            f"{logits.shape[1]}: use loss='ce'"
        )
    largest = logits.topk(3, dim=1).values
    return -margin(logits, labels) / (largest[:, 0] - largest[:, 2]).clamp(min=_TINY)


def targeted_dlr(logits: Tensor, labels: Tensor, targets: Tensor) -> Tensor:
    """The targeted difference of logits ratio ``(N,)``: how far the target leads the true class.

    Source: Croce and Hein 2020, arXiv:2003.01690, section 4.2, targeted DLR loss. With fewer than the four classes
    that its divisor asks for, the difference of the two logits is not divided.

    Args:
        logits: ``(N, classes)``.
        labels: the true classes ``(N,)``.
        targets: the classes to reach ``(N,)``.

    >>> import torch
    >>> targeted_dlr(torch.tensor([[5.0, 4.0, 1.0, 0.0]]), torch.tensor([0]), torch.tensor([2]))
    tensor([-0.8889])
    """
    lead = (logits.gather(1, targets[:, None]) - logits.gather(1, labels[:, None]))[:, 0]
    if logits.shape[1] < 4:
        return lead
    largest = logits.topk(4, dim=1).values
    return lead / (largest[:, 0] - (largest[:, 2] + largest[:, 3]) / 2).clamp(min=_TINY)


def ratio(goal: Goal, output: Any, labels: Tensor) -> Tensor:
    """The DLR loss that serves a goal, ``(N,)``: away from the true class, or towards the class to reach.

    A goal with a class to reach does not say which class is true: the best of the others stands for it.

    Raises:
        InputError: the goal has no classes.
    """
    logits = main_output(output)
    if isinstance(goal, Misclassify):
        return dlr(logits, labels)
    if isinstance(goal, Reach):
        return targeted_dlr(logits, without(logits, labels).argmax(dim=1), labels)
    raise InputError(f"the DLR loss compares logits of classes, which {type(goal).__name__} does not: use loss='ce'")


def progress(goal: Goal, output: Any, labels: Tensor) -> Tensor:
    """How far each sample has come towards a goal, ``(N,)``: its margin, or the goal's own loss where it has none."""
    if isinstance(goal, Misclassify):
        return -margin(main_output(output), labels)
    return margin(main_output(output), labels) if isinstance(goal, Reach) else goal.loss(output, labels)
