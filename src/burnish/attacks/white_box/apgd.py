"""Projected gradient ascent that finds its own step size."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

from torch import Tensor

from burnish.attacks.margins import ratio
from burnish.attacks.problem import Problem
from burnish.attacks.white_box.adaptive_ascent import AdaptiveAscent
from burnish.common.errors import unknown

Loss = Literal["ce", "dlr"]


@dataclass(frozen=True, eq=False)
class APGD(AdaptiveAscent):
    """Auto-PGD: steps with momentum, of 2 eps first and of half that whenever they stop paying.

    Source: Croce and Hein 2020, "Reliable evaluation of adversarial robustness with an ensemble of diverse
    parameter-free attacks", arXiv:2003.01690, algorithm 1 and, for ``dlr``, section 4.

    Args:
        loss: ``ce`` raises the goal's own loss, the cross-entropy of a classifier; ``dlr`` the difference of logits
            ratio, which stays informative where the cross-entropy of a very sure model rounds to zero.

    >>> import torch
    >>> model = torch.nn.Linear(2, 2).eval()
    >>> x, y = torch.full((1, 2), 0.5), torch.tensor([0])
    >>> APGD(model, eps=0.25, steps=10, early_stop=False, skip_wrong=False).run(x, y).distance
    tensor([0.2500])
    """

    name: ClassVar[str] = "apgd"

    loss: Loss = "ce"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.loss not in get_args(Loss):
            raise unknown("loss", self.loss, get_args(Loss))
        object.__setattr__(self, "name", f"apgd-{self.loss}")  # so that reports tell the two apart

    def perturb(self, problem: Problem) -> Tensor:
        return self.tried(problem, itertools.repeat(problem, self.restarts))

    def objective(self, problem: Problem, output: Any) -> Tensor:
        return ratio(problem.goal, output, problem.labels) if self.loss == "dlr" else problem.loss(output)
