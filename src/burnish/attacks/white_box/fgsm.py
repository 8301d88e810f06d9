"""One step along the sign of the gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from burnish.attacks.attack import Attack
from burnish.attacks.problem import Problem


@dataclass(frozen=True, eq=False)
class FGSM(Attack):
    """The fast gradient sign method: ``x + eps * sign(grad)``, and in other norms the steepest step of size eps.

    Source: Goodfellow, Shlens and Szegedy 2014, "Explaining and harnessing adversarial examples", arXiv:1412.6572,
    section 4; with ``targets`` the one-step target class method of Kurakin et al. 2016, arXiv:1611.01236, section 2.

    Args:
        random_start: begin at a random point of the ball, as fast adversarial training does: Wong, Rice and Kolter
            2020, "Fast is better than free", arXiv:2001.03994, algorithm 3.
        step: length of the step, as a share of eps.

    >>> import torch
    >>> model = torch.nn.Linear(2, 2).eval()
    >>> x, y = torch.full((1, 2), 0.5), torch.tensor([0])
    >>> (FGSM(model, eps=0.25, skip_wrong=False)(x, y) - x).abs()
    tensor([[0.2500, 0.2500]])
    """

    name: ClassVar[str] = "fgsm"

    random_start: bool = False
    step: float = 1.0

    def perturb(self, problem: Problem) -> Tensor:
        start = problem.random_start() if self.random_start else problem.inputs
        gradient, _, _ = problem.gradient(start)
        return problem.step(start, gradient, problem.eps * self.step)
