"""A model's decision boundaries, replaced by planes around a point."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from burnish.attacks.goal import Exceed, Goal, Misclassify, Reach
from burnish.attacks.margins import margin, without
from burnish.attacks.norms import Norm, size
from burnish.attacks.problem import Problem
from burnish.common.errors import InputError
from burnish.models.auxiliary import main_output

_DUAL: dict[Norm, Norm] = {"linf": "l1", "l2": "l2", "l1": "linf"}


def excess(goal: Goal, output: Any, labels: Tensor, rivals: Tensor | None = None) -> Tensor:
    """How far each output is beyond the boundaries of a goal; positive where the sample is fooled.

    Args:
        goal: any wrong class, one class, or a loss above a limit.
        output: of the model; logits ``(N, classes)`` for the first two.
        labels: what the goal takes.
        rivals: wrong classes ``(N, K)``, for a boundary with each; with the best of them all without.

    Returns:
        ``(N, K)``; K is 1 without rivals.

    Raises:
        InputError: a goal of the user's own says when it is reached, but not how far away it is.

    >>> excess(Misclassify(), torch.tensor([[2.0, 1.0, 4.0]]), torch.tensor([0]))
    tensor([[2.]])
    >>> excess(Reach(), torch.tensor([[2.0, 1.0, 4.0]]), torch.tensor([0]))
    tensor([[-2.]])
    """
    if isinstance(goal, Exceed):
        return (goal.loss(output, labels) - goal.limit)[:, None]
    logits: Tensor = main_output(output)
    if isinstance(goal, Reach):
        return margin(logits, labels)[:, None]
    if not isinstance(goal, Misclassify):
        raise InputError(
            "an attack that looks for the smallest perturbation must know how far away its goal is, as it does for "
            f"Misclassify, Reach and Exceed, got {type(goal).__name__}: write it as Exceed(loss, limit)"
        )
    if rivals is None:
        return -margin(logits, labels)[:, None]
    return logits.gather(1, rivals) - logits.gather(1, labels[:, None])


def likeliest_rivals(problem: Problem, output: Any, count: int | None) -> Tensor | None:
    """The likeliest wrong classes, from the first, ``(N, count)``; None where the goal leaves no choice.

    Args:
        problem: whose goal it is.
        output: of its samples, in their order.
        count: how many; None for all. There may be fewer.
    """
    if not isinstance(problem.goal, Misclassify):
        return None
    logits: Tensor = main_output(output)
    most = logits.shape[1] - 1
    return without(logits, problem.labels).topk(min(count or most, most), dim=1).indices


def planes(problem: Problem, at: Tensor, rivals: Tensor | None) -> tuple[Any, Iterator[tuple[Tensor, Tensor]]]:
    """Replace each boundary by a plane, ``excess + <gradient, z - at> = 0``.

    One forward pass serves them all. A gradient is computed when it is asked for, so that all classes' need not be in
    memory together; one after another is also faster than a batched one, by a third at 64 images on a CPU.

    Args:
        problem: samples and goal.
        at: where, ``(N, *)``.
        rivals: wrong classes ``(N, K)``, or None; see :func:`excess`.

    Returns:
        The output, and K pairs of an excess ``(N,)`` and its gradient ``(N, *)``.
    """
    problem.spent.queries.index_add_(0, problem.rows, torch.ones_like(problem.rows))
    with torch.enable_grad():
        leaf = at.detach().requires_grad_(True)
        output = problem.model(leaf)
        found = excess(problem.goal, output, problem.labels, rivals)

    def each() -> Iterator[tuple[Tensor, Tensor]]:
        for k in range(found.shape[1]):
            problem.spent.gradients.index_add_(0, problem.rows, torch.ones_like(problem.rows))
            chosen = torch.zeros_like(found)
            chosen[:, k] = 1
            (gradient,) = torch.autograd.grad(found, leaf, chosen, retain_graph=k + 1 < found.shape[1])
            yield found[:, k].detach(), gradient

    return output, each()


def nearest_plane(found: Iterator[tuple[Tensor, Tensor]], norm: Norm) -> tuple[Tensor, Tensor]:
    """Of each sample the plane at the smallest distance, bounds left aside.

    Source: Moosavi-Dezfooli et al. 2016, "DeepFool", arXiv:1511.04599, eq. 8 and section 3.3.

    Returns:
        Excesses ``(N,)`` and gradients ``(N, *)``.
    """
    nearest, normal = next(found)
    normal = normal.clone()
    least = distance(nearest, normal, norm)
    for other, gradient in found:
        way = distance(other, gradient, norm)
        nearer = way < least
        least, nearest = torch.where(nearer, way, least), torch.where(nearer, other, nearest)
        normal[nearer] = gradient[nearer]
    return nearest, normal


def distance(excess: Tensor, gradient: Tensor, norm: Norm) -> Tensor:
    """How far a plane is, ``|excess| / ||gradient||`` in the dual norm, ``(N,)``; infinite without a gradient.

    >>> distance(torch.tensor([-10.0]), torch.tensor([[3.0, 4.0]]), "l2")
    tensor([2.])
    """
    slope = size(gradient, _DUAL[norm])
    return torch.where(slope > 0, excess.abs() / slope.clamp(min=torch.finfo(slope.dtype).tiny), torch.inf)


def gain_across(excess: Tensor, gradient: Tensor, at: Tensor, overshoot: float) -> Tensor:
    """By how much an excess that is not positive must rise to be so: a share more, no less than it is rounded by.

    Args:
        excess: of each sample ``(N,)``.
        gradient: of it ``(N, *)``.
        at: where it was taken ``(N, *)``.
        overshoot: the share.

    >>> gain_across(torch.tensor([-2.0]), torch.ones(1, 2), torch.ones(1, 2), 0.5)
    tensor([3.])
    """
    rounding = 4 * torch.finfo(at.dtype).eps * (gradient * at).flatten(1).abs().sum(dim=1)
    return excess.abs() + torch.maximum(overshoot * excess.abs(), rounding)
