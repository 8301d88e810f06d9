"""The basic iterative method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from burnish.attacks.problem import Problem
from burnish.attacks.white_box.pgd import PGD


@dataclass(frozen=True, eq=False)
class BIM(PGD):
    """:class:`PGD` from the sample itself, with steps of ``eps / steps``.

    Source: Kurakin, Goodfellow and Bengio 2016, "Adversarial examples in the physical world", arXiv:1607.02533,
    section 2.2.

    >>> import torch
    >>> attack = BIM(torch.nn.Linear(2, 2).eval(), eps=0.3, early_stop=False, skip_wrong=False)
    >>> attack.run(torch.full((1, 2), 0.5), torch.tensor([0])).distance
    tensor([0.3000])
    """

    name: ClassVar[str] = "bim"

    random_start: bool = False

    def lengths(self, problem: Problem) -> Tensor:
        return super().lengths(problem) if self.step_size is not None else problem.eps / self.steps
