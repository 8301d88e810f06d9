"""The smallest perturbation in any norm, by steps along the boundary that are drawn back to the sample."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor

from burnish.attacks.attack import Attack
from burnish.attacks.goal import Misclassify
from burnish.attacks.norms import per_sample, size
from burnish.attacks.problem import Problem
from burnish.attacks.white_box.boundary_planes import likeliest_rivals, nearest_plane, planes
from burnish.attacks.white_box.plane_projection import onto_plane
from burnish.attacks.white_box.segment_search import shorten
from burnish.common.errors import InputError

_TINY = 1e-12


@dataclass(frozen=True, eq=False, kw_only=True)
class FAB(Attack):
    """The fast adaptive boundary attack: step onto the nearest linearised boundary, with a pull towards the sample.

    Source: Croce and Hein 2020, "Minimally distorted adversarial examples with a fast adaptive boundary attack",
    arXiv:1907.02044, algorithm 1; with ``target_classes`` one run towards each likely wrong class, as in Croce and Hein
    2020, "Reliable evaluation of adversarial robustness", arXiv:2003.01690, section 5 (FAB-T), which costs one gradient
    a step where all classes cost one each. Changed: where the sample is fooled within ``eps`` it is left alone.

    Without ``eps`` every perturbation counts, and the smallest is looked for to the end; with it those that were found
    to be larger are pulled back to eps. With ``targets`` the only boundary is that of the target.

    Args:
        steps: of each run.
        restarts: runs, all but the first from a random point half as far away as the best so far, or as eps.
        target_classes: how many wrong classes have runs of their own, the likeliest of the clean sample; None for
            runs that look at all classes at each step.
        alpha_max: largest share of a step that is taken from the sample itself.
        eta: how far a step goes, as a multiple of the way to the boundary.
        beta: how much of its way a point keeps when it has fooled the model, before it goes on.
        cuts: queries that cut the way short at the end, each sample's best alone; 0 for none.

    >>> model = torch.nn.Linear(2, 2)
    >>> _ = model.load_state_dict({"weight": torch.tensor([[3.0, 4.0], [0.0, 0.0]]), "bias": torch.tensor([-2.5, 0.0])})
    >>> FAB(model.eval(), steps=5).run(torch.full((1, 2), 0.6), torch.tensor([0])).distance  # 1.7 / 7
    tensor([0.2429])
    """

    name: ClassVar[str] = "fab"
    needs_eps: ClassVar[bool] = False

    steps: int = 100
    restarts: int = 1
    target_classes: int | None = None
    alpha_max: float = 0.1
    eta: float = 1.05
    beta: float = 0.9
    cuts: int = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.steps < 1 or self.restarts < 1 or self.cuts < 0:
            raise InputError(
                "steps and restarts must be at least 1 and cuts 0 or more, "
                f"got {self.steps}, {self.restarts} and {self.cuts}"
            )
        if self.target_classes is not None and self.target_classes < 1:
            raise InputError(f"target_classes must be at least 1, got {self.target_classes}: None looks at all at once")
        if not 0 <= self.alpha_max < 1 or not 0 < self.beta <= 1:
            raise InputError(
                f"alpha_max must lie in [0, 1) and beta in (0, 1], got {self.alpha_max:g} and {self.beta:g}"
            )
        if self.eta < 1:
            raise InputError(f"eta must be at least 1, got {self.eta:g}: a shorter step never crosses the boundary")

    def perturb(self, problem: Problem) -> Tensor:
        if self.target_classes is not None and not isinstance(problem.goal, Misclassify):
            raise InputError("target_classes chooses the classes itself: leave it out where a target or goal is given")
        output = problem.output(problem.inputs)
        best, least = problem.inputs.clone(), torch.where(problem.fooled(output), 0, torch.inf).to(problem.eps)
        everyone = likeliest_rivals(problem, output, self.target_classes)
        enough = torch.where(problem.eps.isinf() | (not self.early_stop), 0, problem.eps)
        for restart in range(self.restarts):
            for rivals in self._runs(everyone):
                left = (least > enough).nonzero().flatten()
                if not len(left):
                    break
                part, limit = problem.part(left), least[left]
                start = _random_start(part, limit) if restart else part.inputs
                found, length = self._walk(part, start, rivals[left] if rivals is not None else None, enough[left])
                nearer = length < limit
                best[left[nearer]], least[left[nearer]] = found[nearer], length[nearer]
        return problem.within(shorten(problem, best, self.cuts, enough=self.early_stop))

    def _runs(self, rivals: Tensor | None) -> Iterator[Tensor | None]:
        """The wrong classes of each run ``(N, K)``: all of them, or one after another."""
        if rivals is None or self.target_classes is None:
            yield rivals
        else:
            yield from rivals.split(1, dim=1)

    def _walk(self, problem: Problem, at: Tensor, rivals: Tensor | None, enough: Tensor) -> tuple[Tensor, Tensor]:
        """The nearest points that fool in one run, and their distances ``(N,)``; infinite for none."""
        best, least = problem.inputs.clone(), torch.full_like(problem.eps, torch.inf)
        left = torch.arange(len(problem), device=at.device)
        for _ in range(self.steps):
            at = self._step(problem, at, rivals)
            fooled = problem.fooled(problem.output(at))
            length = size(at - problem.inputs, self.norm)
            nearer = fooled & (length < least[left])
            best[left[nearer]], least[left[nearer]] = at[nearer], length[nearer]
            back = problem.inputs + self.beta * (at - problem.inputs)
            at = torch.where(per_sample(fooled, at), back, at)
            kept = least[left] > enough[left]
            if not bool(kept.all()):
                problem, at, left = problem.part(kept), at[kept], left[kept]
                rivals = rivals[kept] if rivals is not None else None
                if not len(left):
                    break
        return best, least

    def _step(self, problem: Problem, at: Tensor, rivals: Tensor | None) -> Tensor:
        """From a point and from the sample onto the same plane, and between the two; section 2.3."""
        _, found = planes(problem, at, rivals)
        height, gradient = nearest_plane(found, self.norm)
        from_sample = height + (gradient * (problem.inputs - at)).flatten(1).sum(dim=1)
        ways = onto_plane(
            torch.cat([at, problem.inputs]),
            torch.cat([gradient, gradient]),
            -torch.cat([height, from_sample]),
            _twice(problem.low, at),
            _twice(problem.high, at),
            self.norm,
        )
        way, way_from_sample = ways.chunk(2)
        length, length_from_sample = size(ways, self.norm).chunk(2)
        alpha = (length / (length + length_from_sample).clamp(min=_TINY)).clamp(max=self.alpha_max)
        pull = per_sample(alpha, at)
        return problem.clip((1 - pull) * (at + self.eta * way) + pull * (problem.inputs + self.eta * way_from_sample))


def _twice(limit: Tensor, at: Tensor) -> Tensor:
    """Bounds for a batch that is there twice."""
    return torch.cat([limit, limit]) if limit.ndim == at.ndim and len(limit) == len(at) else limit


def _random_start(problem: Problem, least: Tensor) -> Tensor:
    """A random point half as far from each sample as the best so far or eps, or as the bounds where there is none."""
    room = size(torch.maximum(problem.high - problem.inputs, problem.inputs - problem.low), problem.norm)
    radius = torch.minimum(torch.minimum(least, problem.eps), room) / 2
    return replace(problem, eps=torch.where(radius.isfinite(), radius, 1)).random_start()
