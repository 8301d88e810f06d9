"""The smallest perturbation that a model's decisions alone can lead to."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from burnish.attacks.attack import Attack
from burnish.attacks.black_box.boundary import bisection_steps, boundary_direction, random_images, to_boundary
from burnish.attacks.black_box.predictor import Unanswered
from burnish.attacks.norms import per_sample, size
from burnish.attacks.problem import Problem
from burnish.common.errors import InputError

_HALVINGS = 15
"""How often a step along the boundary may be halved before it is given up."""
_FEWEST = 10
"""Random steps below which an estimate of the direction is not worth its answers."""


@dataclass(frozen=True, eq=False)
class HopSkipJump(Attack):
    """Start from an image that is wrong, come close, and follow the boundary to where it is nearest.

    Source: Chen, Jordan and Wainwright 2019, "HopSkipJumpAttack: a query-efficient decision-based attack",
    arXiv:1904.02144, algorithm 2. Only the model's decision is used, so a predict function can be attacked through
    :class:`~burnish.attacks.black_box.predictor.Decisions`. Without eps it looks for the smallest perturbation; with
    eps it stops where a sample is within it, and the others come back cut to eps.

    Args:
        iterations: of the paper; an image costs about ``100 * iterations ** 1.5 * 2 / 3`` queries.
        first_directions: random steps B_0 of the first estimate; the t-th takes ``sqrt(t)`` times as many.
        max_queries: most queries for a sample, those before and after the attack included.
        starts: images ``(K, *)`` to begin from, such as images of other classes, or of the target classes. The nearest
            that the model takes for what is wanted is chosen; random images come into it where none is.
        start_tries: random images to try for a sample; one that nothing was found for stays as it is, with a warning.

    >>> model = torch.nn.Linear(2, 2, bias=False).eval()
    >>> _ = model.weight.data.copy_(torch.eye(2))
    >>> attack = HopSkipJump(model, norm="l2", iterations=5)
    >>> result = attack.run(torch.tensor([[0.9, 0.3]]), torch.tensor([0]))  # the plane is 0.6 / sqrt(2) away
    >>> bool((result.distance - 0.6 / 2**0.5).abs() < 0.01), result.gradients
    (True, tensor([0]))
    """

    name: ClassVar[str] = "hop-skip-jump"
    needs_eps: ClassVar[bool] = False
    norms: ClassVar[tuple[str, ...]] = ("linf", "l2")

    iterations: int = 40
    first_directions: int = 100
    max_queries: int | None = None
    starts: Tensor | None = None
    start_tries: int = 100

    def __post_init__(self) -> None:
        super().__post_init__()
        for what in ("iterations", "first_directions", "max_queries"):
            number = getattr(self, what)
            if number is not None and number < 1:
                raise InputError(f"{what} must be at least 1, got {number}")
        if self.start_tries < (0 if self.starts is not None else 1):
            raise InputError(f"start_tries must be at least 1 where no starts are given, got {self.start_tries}")

    def perturb(self, problem: Problem) -> Tensor:
        steps = bisection_steps(problem)
        if self.max_queries is not None and self.max_queries < steps + 3:
            raise InputError(
                f"max_queries={self.max_queries} is too few: one answer before, {steps + 1} to come to the boundary "
                "and one after are the least"
            )
        best, found = problem.inputs.clone(), torch.zeros_like(problem.rows, dtype=torch.bool)
        try:
            self._start(problem, best, found)
            if bool(found.any()):
                self._approach(problem.part(found), best, found.nonzero().flatten())
        except Unanswered as error:
            warnings.warn(f"{self.name} stops with what it has found: {error}", stacklevel=4)
        far = size(best - problem.inputs, problem.norm) > problem.eps
        return torch.where(per_sample(far, best), problem.within(best), best)

    def _approach(self, problem: Problem, best: Tensor, left: Tensor) -> None:
        """Bring the best images nearer; ``left`` ``(N,)`` says where those of this part stand."""
        steps = bisection_steps(problem)
        at = to_boundary(problem, best[left])
        best[left] = at
        distance = size(at - problem.inputs, problem.norm)
        reach = distance / problem.inputs[0].numel()
        for turn in range(1, self.iterations + 1):
            wanted = round(self.first_directions * math.sqrt(turn))
            counts = (self._left(problem) - steps - _HALVINGS).clamp(max=wanted)
            kept = (counts >= min(_FEWEST, wanted)) & (distance > 0)
            if self.early_stop:
                kept &= (distance > problem.eps) | problem.eps.isinf()
            if not bool(kept.any()):
                break
            problem, left, at, reach = problem.part(kept), left[kept], at[kept], reach[kept]
            direction = boundary_direction(problem, at, reach, counts[kept], self.batch_size, turn)
            stepped = self._step(problem, at, direction, distance[kept] / math.sqrt(turn))
            reach = size(stepped - problem.inputs, problem.norm) / problem.inputs[0].numel()  # the next delta
            at = to_boundary(problem, stepped)
            distance = size(at - problem.inputs, problem.norm)
            nearer = distance < size(best[left] - problem.inputs, problem.norm)
            best[left[nearer]] = at[nearer]

    def _step(self, problem: Problem, at: Tensor, direction: Tensor, length: Tensor) -> Tensor:
        """A step away from the boundary, halved until it ends where the model is still wrong."""
        reached, waiting = at.clone(), torch.arange(len(problem), device=at.device)
        for _ in range(_HALVINGS):
            stepped = problem.clip(at[waiting] + per_sample(length, at) * direction[waiting])
            wrong = problem.fooled(problem.output(stepped))
            reached[waiting[wrong]] = stepped[wrong]
            problem, waiting, length = problem.part(~wrong), waiting[~wrong], length[~wrong] / 2
            if not len(waiting):
                break
        return reached

    def _left(self, problem: Problem) -> Tensor:
        """Queries that each sample may still cost before the one that judges it, ``(N,)``."""
        if self.max_queries is None:
            return torch.full_like(problem.rows, torch.iinfo(torch.int64).max)
        return self.max_queries - problem.spent.queries[problem.rows] - 1

    def _start(self, problem: Problem, images: Tensor, found: Tensor) -> None:
        """Put an image where the model is wrong in the place of each sample, and say for which there is one."""
        pool = self._pool(problem)
        order = size_between(problem, pool).argsort(dim=1)
        reserve = bisection_steps(problem)
        if not self.skip_wrong:  # some may be wrong as they are
            found |= problem.fooled(problem.output(problem.inputs))
        for turn in range(len(pool) + self.start_tries):
            drawn = pool[order[:, turn]] if turn < len(pool) else random_images(problem, turn - len(pool))
            waiting = (~found & (self._left(problem) > reserve)).nonzero().flatten()
            if not len(waiting):
                break
            part = problem.part(waiting)
            wrong = part.fooled(part.output(drawn[waiting]))
            images[waiting[wrong]] = drawn[waiting[wrong]]
            found[waiting[wrong]] = True
        if not bool(found.all()):
            warnings.warn(
                f"{self.name} found no start for {int((~found).sum())} of {len(problem)} samples, which stay as they "
                "are: give images of other classes as starts=, or more start_tries",
                stacklevel=6,
            )

    def _pool(self, problem: Problem) -> Tensor:
        shape = problem.inputs.shape[1:]
        if self.starts is None:
            if not bool((problem.low.isfinite() & problem.high.isfinite()).all()):
                raise InputError(f"{self.name} cannot draw random images within infinite bounds: pass starts=")
            return problem.inputs.new_empty(0, *shape)
        pool = self.starts.to(problem.inputs)
        if pool.shape[1:] != shape or not len(pool):
            raise InputError(f"starts must be images (K, {', '.join(map(str, shape))}), got {tuple(pool.shape)}")
        return pool


def size_between(problem: Problem, pool: Tensor) -> Tensor:
    """How far each sample is from each image of a pool, ``(N, K)``."""
    distances = [size(problem.inputs - image, problem.norm) for image in pool]
    return torch.stack(distances, dim=1) if distances else problem.inputs.new_empty(len(problem), 0)
