"""Random search by squares, for models of which only the outputs are known."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from burnish.attacks.attack import Attack
from burnish.attacks.black_box.squares import Bumps, Corners, Squares
from burnish.attacks.margins import progress
from burnish.attacks.norms import per_sample
from burnish.attacks.problem import Problem
from burnish.common.errors import InputError

_HALVINGS = (10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000)
"""After which of 10,000 queries the share of the image that changes is halved."""


@dataclass(frozen=True, eq=False)
class Square(Attack):
    """The Square attack: change a random square of the image, and keep the change when the margin shrinks.

    Source: Andriushchenko, Croce, Flammarion and Hein 2020, "Square Attack: a query-efficient black-box adversarial
    attack via random search", arXiv:1912.00049, algorithm 1; the squares are those of algorithms 2 (linf) and 3 (l2).
    A square that would leave a sample as it is changes with the opposite sign instead: on grey images every other
    query of the published algorithm asks about the image that it already has.

    Args:
        queries: forward passes for each sample.
        p_init: share of the image that the first squares cover; it is halved nine times on the way, at the authors'
            points for 10,000 queries, rescaled to ``queries``.

    >>> class Bright(torch.nn.Module):
    ...     def forward(self, images):
    ...         return torch.stack([0 * images.mean((1, 2, 3)) + 0.4, images.mean((1, 2, 3))], dim=1)
    >>> attack = Square(Bright().eval(), eps=0.2, queries=200)
    >>> attack.run(torch.full((1, 1, 4, 4), 0.3), torch.tensor([0])).success
    tensor([True])
    """

    name: ClassVar[str] = "square"
    norms: ClassVar[tuple[str, ...]] = ("linf", "l2")

    queries: int = 5000
    p_init: float = 0.8

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.queries < 1:
            raise InputError(f"queries must be at least 1, got {self.queries}")
        if not 0 < self.p_init <= 1:
            raise InputError(f"p_init must lie in (0, 1], got {self.p_init:g}: it is a share of the image")

    def side(self, query: int, pixels: int) -> int:
        """Side of the square that a query changes, for images of so many pixels."""
        halvings = sum(query > after * self.queries / 10_000 for after in _HALVINGS)
        return max(1, round(math.sqrt(self.p_init / 2**halvings * pixels)))

    def perturb(self, problem: Problem) -> Tensor:
        if problem.inputs.ndim != 4:
            raise InputError(
                f"square changes squares of images (N, C, H, W), got {tuple(problem.inputs.shape)}: "
                "view the inputs as images, or use another attack"
            )
        squares: Squares = Corners.around(problem) if self.norm == "linf" else Bumps()
        best = squares.start(problem)
        made, left = best.clone(), torch.arange(len(problem), device=best.device)
        value = torch.full_like(problem.eps, -torch.inf)
        pixels = problem.inputs[0, 0].numel()
        asked = best
        for query in range(1, self.queries + 1):
            output = problem.output(asked)
            reached = progress(problem.goal, output, problem.labels)
            better = reached > value
            best, value = torch.where(per_sample(better, best), asked, best), torch.where(better, reached, value)
            if self.early_stop and bool((fooled := problem.fooled(output)).any()):
                made[left[fooled]] = asked[fooled]
                kept = ~fooled
                problem, squares, left = problem.part(kept), squares.part(kept), left[kept]
                best, value = best[kept], value[kept]
                if not len(left):
                    return made
            if query < self.queries:
                asked = squares.next(problem, best, self.side(query, pixels))
        made[left] = best
        return made
