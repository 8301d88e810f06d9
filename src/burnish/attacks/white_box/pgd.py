"""Projected gradient ascent on the loss, within a ball around each sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from burnish.attacks.attack import Attack
from burnish.attacks.norms import per_sample
from burnish.attacks.problem import Problem
from burnish.common.errors import InputError


@dataclass(frozen=True, eq=False)
class PGD(Attack):
    """Steepest steps, each followed by the projection back into the ball and the bounds.

    Source: Madry et al. 2017, "Towards deep learning models resistant to adversarial attacks", arXiv:1706.06083,
    section 2.1. Momentum: Dong et al. 2017, "Boosting adversarial attacks with momentum", arXiv:1710.06081, eq. 6, 7.

    Args:
        steps: gradient steps of each start.
        step_size: length of a step, in the units of eps. Default: 2.5 eps / steps, Madry's rule: the border can be
            reached from anywhere in the ball.
        random_start: begin at a random point of the ball.
        restarts: how often to begin, for samples that no earlier start fooled.
        momentum: share of the past gradients that stays, 1 for MI-FGSM; 0 for none.

    >>> model = torch.nn.Linear(2, 2).eval()
    >>> x, y = torch.full((1, 2), 0.5), torch.tensor([0])
    >>> PGD(model, eps=0.25, steps=3, random_start=False, early_stop=False, skip_wrong=False).run(x, y).distance
    tensor([0.2500])
    """

    name: ClassVar[str] = "pgd"

    steps: int = 10
    step_size: float | None = None
    random_start: bool = True
    restarts: int = 1
    momentum: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.steps < 1 or self.restarts < 1:
            raise InputError(f"steps and restarts must be at least 1, got {self.steps} and {self.restarts}")
        if self.step_size is not None and self.step_size <= 0:
            raise InputError(f"step_size must be positive, got {self.step_size:g}: leave it out for 2.5 eps / steps")
        if self.restarts > 1 and not self.random_start:
            raise InputError("restarts without a random start would all be the same: leave out one of the two")

    def perturb(self, problem: Problem) -> Tensor:
        if self.restarts == 1:
            return self._climb(problem)
        best, loss = problem.inputs.clone(), torch.full_like(problem.eps, -torch.inf)
        left = torch.arange(len(problem), device=best.device)
        for _ in range(self.restarts):
            part = problem.part(left)
            made = self._climb(part)
            output = part.output(made)
            fooled, reached = part.fooled(output), part.loss(output)
            better = fooled | (reached > loss[left])
            best[left[better]], loss[left[better]] = made[better], reached[better]
            left = left[~fooled]
            if not len(left):
                break
        return best

    def lengths(self, problem: Problem) -> Tensor:
        """Length of a step for each sample ``(N,)``."""
        if self.step_size is not None:
            return torch.full_like(problem.eps, self.step_size)
        return problem.eps * (2.5 / self.steps)

    def _climb(self, problem: Problem) -> Tensor:
        """One start and its steps; a sample that is fooled stays where it is."""
        at = problem.random_start() if self.random_start else problem.inputs
        length = self.lengths(problem)
        made, left, speed = at.clone(), torch.arange(len(problem), device=at.device), torch.zeros_like(at)
        for _ in range(self.steps):
            gradient, output, _ = problem.gradient(at)
            if self.early_stop and bool((fooled := problem.fooled(output)).any()):
                made[left[fooled]] = at[fooled]
                kept = ~fooled
                problem, left, length = problem.part(kept), left[kept], length[kept]
                at, gradient, speed = at[kept], gradient[kept], speed[kept]
                if not len(left):
                    return made
            if self.momentum:
                speed = self.momentum * speed + gradient / per_sample(_l1_size(gradient), gradient)  # eq. 6
                gradient = speed
            at = problem.step(at, gradient, length)  # eq. 7
        made[left] = at
        return made


def _l1_size(gradient: Tensor) -> Tensor:
    return gradient.flatten(1).abs().sum(dim=1).clamp(min=1e-12)
