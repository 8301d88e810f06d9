"""Projected gradient ascent towards the likeliest wrong classes, one after another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor

from burnish.attacks.checks import check_logits
from burnish.attacks.goal import Misclassify
from burnish.attacks.margins import targeted_dlr, without
from burnish.attacks.problem import Problem
from burnish.attacks.white_box.adaptive_ascent import AdaptiveAscent
from burnish.common.errors import InputError
from burnish.models.auxiliary import main_output


@dataclass(frozen=True, eq=False)
class APGDTargeted(AdaptiveAscent):
    """APGD-T: Auto-PGD on the targeted DLR loss of each likely wrong class, for the samples that still stand.

    Source: Croce and Hein 2020, arXiv:2003.01690, section 4.2. Any wrong class is a success, not the target alone.
    With fewer than four classes the loss is the plain difference of the two logits, since its divisor takes four.

    Args:
        classes: how many wrong classes to try, from the likeliest; no more than there are.

    >>> _ = torch.manual_seed(1)
    >>> model = torch.nn.Linear(2, 3).eval()
    >>> x = torch.full((1, 2), 0.5)
    >>> APGDTargeted(model, eps=0.25, steps=10, early_stop=False).run(x, model(x).argmax(1)).gradients
    tensor([20])
    """

    name: ClassVar[str] = "apgd-t"

    classes: int = 9

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.classes < 1:
            raise InputError(f"classes must be at least 1, got {self.classes}")

    def perturb(self, problem: Problem) -> Tensor:
        if type(problem.goal) is not Misclassify:
            raise InputError(
                f"{self.name} chooses its targets itself and works on classifiers alone: use apgd, which takes "
                "targets and other goals"
            )
        return self.tried(problem, self.tries(problem))

    def objective(self, problem: Problem, output: Any) -> Tensor:
        return problem.loss(output)

    def tries(self, problem: Problem) -> Iterator[Problem]:
        """The problem with each target in turn, likeliest first, ``restarts`` times each."""
        logits = main_output(problem.output(problem.inputs))
        wrong = without(logits, problem.labels).argsort(dim=1, descending=True)
        for place in range(min(self.classes, logits.shape[1] - 1)):
            labels = torch.stack([problem.labels, wrong[:, place]], dim=1)
            for _ in range(self.restarts):
                yield replace(problem, goal=_Towards(), labels=labels)


class _Towards:
    """Away from one class and towards another; the labels ``(N, 2)`` are both."""

    def check_labels(self, labels: Any, count: int) -> None:
        """They come from the attack itself."""

    def check(self, output: Any, labels: Tensor) -> None:
        check_logits(main_output(output), labels[:, 0])

    def loss(self, output: Any, labels: Tensor) -> Tensor:
        return targeted_dlr(main_output(output), labels[:, 0], labels[:, 1])

    def fooled(self, output: Any, labels: Tensor) -> Tensor:
        wrong: Tensor = main_output(output).argmax(dim=1) != labels[:, 0]
        return wrong
