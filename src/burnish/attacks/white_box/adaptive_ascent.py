"""Gradient ascent with momentum that finds its own step size, for any objective."""

from __future__ import annotations

import itertools
import math
from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

import torch
from torch import Tensor

from burnish.attacks.attack import Attack
from burnish.attacks.norms import per_sample
from burnish.attacks.problem import Problem
from burnish.common.errors import InputError

_ONWARD = 0.75
"""alpha: share of the new step, beside the last change."""
_RISING = 0.75
"""rho: share of the steps since the last checkpoint that must raise the loss, or the steps are too long."""


@dataclass(frozen=True, eq=False)
class AdaptiveAscent(Attack):
    """What the Auto-PGD attacks share: steps of 2 eps first, and of half that whenever they stop paying.

    Source: Croce and Hein 2020, "Reliable evaluation of adversarial robustness with an ensemble of diverse
    parameter-free attacks", arXiv:2003.01690, algorithm 1.

    Args:
        steps: gradient steps of each start.
        restarts: how often to begin at a random point, for samples that no earlier start fooled.
    """

    norms: ClassVar[tuple[str, ...]] = ("linf", "l2")

    steps: int = 100
    restarts: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.steps < 1 or self.restarts < 1:
            raise InputError(f"steps and restarts must be at least 1, got {self.steps} and {self.restarts}")

    @abstractmethod
    def objective(self, problem: Problem, output: Any) -> Tensor:
        """What is raised, ``(N,)``."""

    def tried(self, problem: Problem, tries: Iterable[Problem]) -> Tensor:
        """The best of several climbs ``(N, *)``, each by the samples that none before it fooled.

        Args:
            problem: the samples.
            tries: the same samples as each climb sees them, with a goal of its own perhaps.
        """
        made, value = problem.inputs.clone(), torch.full_like(problem.eps, -torch.inf)
        left = torch.arange(len(problem), device=made.device)
        for seen in tries:
            end, reached, fooled = self.climb(seen.part(left))
            better = fooled | (reached > value[left])
            made[left[better]], value[left[better]] = end[better], reached[better]
            left = left[~fooled]
            if not len(left):
                break
        return made

    def climb(self, problem: Problem) -> tuple[Tensor, Tensor, Tensor]:
        """One start and its steps: where each sample ends ``(N, *)``, its objective ``(N,)``, whether it is fooled."""
        at = problem.random_start()
        walk = _Walk.beginning(at, 2 * problem.eps)
        made, left = at.clone(), torch.arange(len(problem), device=at.device)
        value = torch.full_like(problem.eps, -torch.inf)
        fooled = torch.zeros_like(left, dtype=torch.bool)
        since = _checkpoints(self.steps)
        for done in range(self.steps + 1):
            gradient, output, reached = self._look(problem, at, with_gradient=done < self.steps)
            walk = walk.arrived(at, gradient, reached)
            if bool((there := problem.fooled(output)).any()):
                better = there & (reached > value[left])
                made[left[better]], value[left[better]] = at[better], reached[better]
                fooled[left[there]] = True
                if self.early_stop:
                    problem, walk, left = problem.part(~there), walk.part(~there), left[~there]
                    if not len(left):
                        break
            if done in since:
                walk = walk.adapted(since[done])
            at = walk.ahead(problem, _ONWARD if done else 1.0)
        rest = ~fooled[left]
        made[left[rest]], value[left[rest]] = walk.best[rest], walk.best_value[rest]
        return made, value, fooled

    def _look(self, problem: Problem, at: Tensor, with_gradient: bool) -> tuple[Tensor, Any, Tensor]:
        """Gradient, output and objective; the last point needs no gradient."""
        if with_gradient:
            return problem.gradient(at, lambda output, _: self.objective(problem, output))
        output = problem.output(at)
        return at, output, self.objective(problem, output)


@dataclass(frozen=True)
class _Walk:
    """Where each sample stands: places ``(N, *)`` with their gradients, the rest ``(N,)``."""

    at: Tensor
    last: Tensor
    gradient: Tensor
    value: Tensor
    best: Tensor
    best_gradient: Tensor
    best_value: Tensor
    length: Tensor
    rises: Tensor
    checked_value: Tensor
    halved: Tensor

    @classmethod
    def beginning(cls, at: Tensor, length: Tensor) -> _Walk:
        """Before the first look: anything will be the best so far, and no rise."""
        top, none = torch.full_like(length, torch.inf), torch.zeros_like(length)
        return cls(at, at, at, top, at, at, -top, length, none, -top, none.bool())

    def part(self, kept: Tensor) -> _Walk:
        """Some samples alone."""
        return _Walk(**{field.name: getattr(self, field.name)[kept] for field in fields(self)})

    def arrived(self, at: Tensor, gradient: Tensor, value: Tensor) -> _Walk:
        """The next place is reached."""
        better = value > self.best_value
        here = per_sample(better, at)
        return replace(
            self,
            at=at,
            last=self.at,
            gradient=gradient,
            value=value,
            best=torch.where(here, at, self.best),
            best_gradient=torch.where(here, gradient, self.best_gradient),
            best_value=torch.where(better, value, self.best_value),
            rises=self.rises + (value > self.value),
        )

    def adapted(self, steps: int) -> _Walk:
        """At a checkpoint: halve the steps that stopped paying since the last one, and go back to the best place."""
        seldom = self.rises < _RISING * steps  # condition 1
        stuck = ~self.halved & (self.best_value == self.checked_value)  # condition 2
        halve = seldom | stuck
        back = per_sample(halve, self.at)
        return replace(
            self,
            at=torch.where(back, self.best, self.at),
            gradient=torch.where(back, self.best_gradient, self.gradient),
            value=torch.where(halve, self.best_value, self.value),
            length=torch.where(halve, self.length / 2, self.length),
            rises=torch.zeros_like(self.rises),
            checked_value=self.best_value,
            halved=halve,
        )

    def ahead(self, problem: Problem, onward: float) -> Tensor:
        """The next place: a step, mixed with the last change."""
        step = problem.step(self.at, self.gradient, self.length) - self.at
        return problem.within(self.at + onward * step + (1 - onward) * (self.at - self.last))


def _checkpoints(steps: int) -> dict[int, int]:
    """When steps are judged: after how many, and how many that are since the last time.

    Section 3.2: ``p_1 = 0.22``, then each gap is 0.03 shorter than the one before, and never below 0.06.
    """
    share, gap, at = 0.0, 0.22, [0]
    while share + gap < 1 + 1e-9:
        share, gap = share + gap, max(gap - 0.03, 0.06)
        at.append(math.ceil(round(share * steps, 6)))
    return {end: end - start for start, end in itertools.pairwise(at) if end > start}
