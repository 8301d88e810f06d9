"""The smallest perturbation, by steps to the nearest plane of a model made linear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from burnish.attacks.attack import Attack
from burnish.attacks.norms import Norm
from burnish.attacks.problem import Problem
from burnish.attacks.white_box.boundary_planes import gain_across, likeliest_rivals, nearest_plane, planes
from burnish.attacks.white_box.plane_projection import onto_plane
from burnish.attacks.white_box.segment_search import shorten
from burnish.common.errors import InputError


@dataclass(frozen=True, eq=False, kw_only=True)
class DeepFool(Attack):
    """Make the model linear where the sample stands, step just over the nearest decision boundary, and repeat.

    Source: Moosavi-Dezfooli, Fawzi and Frossard 2016, "DeepFool: a simple and accurate method to fool deep neural
    networks", arXiv:1511.04599, algorithm 2 and section 3.3. Changed: each step overshoots its plane, instead of their
    sum at the end, so that the class is known to have changed; no step leaves the bounds, of which the paper knows
    nothing; and the whole way is cut short where it crosses the boundary, in place of a share. All samples walk at
    once. It is fast and near the smallest; :class:`FAB` and :class:`CarliniWagner` come nearer.

    With ``targets`` the only boundary is that of the target. Without ``eps`` every perturbation counts; with it those
    that were found to be larger are pulled back to eps.

    Args:
        steps: most steps of a sample; one that is fooled stays where it is.
        overshoot: how far a step goes beyond its plane, as a share of the way there.
        cuts: queries that cut the way short at the end; 0 for none.
        candidates: how many of the wrong classes are looked at, the likeliest of the clean sample; None for all.

    >>> model = torch.nn.Linear(2, 2)
    >>> _ = model.load_state_dict({"weight": torch.tensor([[3.0, 4.0], [0.0, 0.0]]), "bias": torch.tensor([-2.5, 0.0])})
    >>> DeepFool(model.eval()).run(torch.full((1, 2), 0.6), torch.tensor([0])).distance  # 1.7 / 5
    tensor([0.3400])
    """

    name: ClassVar[str] = "deepfool"
    needs_eps: ClassVar[bool] = False
    norms: ClassVar[tuple[str, ...]] = ("l2", "linf")

    norm: Norm = "l2"
    steps: int = 50
    overshoot: float = 0.02
    cuts: int = 3
    candidates: int | None = 10

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.steps < 1 or self.cuts < 0:
            raise InputError(f"steps must be at least 1 and cuts 0 or more, got {self.steps} and {self.cuts}")
        if self.overshoot <= 0:
            raise InputError(f"overshoot must be positive, got {self.overshoot:g}: a boundary is no success")
        if self.candidates is not None and self.candidates < 1:
            raise InputError(f"candidates must be at least 1, got {self.candidates}: None looks at all wrong classes")

    def perturb(self, problem: Problem) -> Tensor:
        whole, made = problem, problem.inputs.clone()
        at, left = problem.inputs, torch.arange(len(problem), device=made.device)
        output = problem.output(at)
        rivals = likeliest_rivals(problem, output, self.candidates)
        for _ in range(self.steps):
            kept = ~problem.fooled(output)
            problem, left, at = problem.part(kept), left[kept], at[kept]
            if not len(left):
                break
            rivals = rivals[kept] if rivals is not None else None
            _, found = planes(problem, at, rivals)
            lacking, gradient = nearest_plane(found, self.norm)  # eq. 8
            gain = gain_across(lacking, gradient, at, self.overshoot)
            at = problem.clip(at + onto_plane(at, gradient, gain, problem.low, problem.high, self.norm))  # eq. 9
            made[left], output = at, problem.output(at)
        return whole.within(shorten(whole, made, self.cuts, enough=self.early_stop))
