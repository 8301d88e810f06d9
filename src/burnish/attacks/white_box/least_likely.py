"""Towards the class that the model thinks least of."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import ClassVar

import torch
from torch import Tensor

from burnish.attacks.goal import Reach
from burnish.attacks.problem import Problem
from burnish.attacks.result import AttackResult
from burnish.attacks.white_box.bim import BIM
from burnish.common.errors import InputError
from burnish.common.intervals import Estimate, proportion
from burnish.common.module_state import untouched
from burnish.models.auxiliary import main_output


@dataclass(frozen=True)
class LeastLikelyResult(AttackResult):
    """An :class:`AttackResult` that also says how often the least likely class became the answer.

    ``success`` means misclassified, as for every attack without targets, so that ``robust_accuracy`` compares.

    Attributes:
        targets: the least likely class of each sample ``(N,)``, the true one left out.
        reached: whether the model now answers it ``(N,)``.
    """

    targets: Tensor
    reached: Tensor

    def reach_rate(self, confidence: float = 0.95) -> Estimate:
        """Share of the samples that were right before and are taken for their least likely class now."""
        right = ~self.wrong
        return proportion(int((self.reached & right).sum()), int(right.sum()), confidence)


@dataclass(frozen=True, eq=False)
class LeastLikely(BIM):
    """Steps towards the class that the model finds least likely for the clean sample, of size ``eps / steps``.

    It ends in errors that matter, a ship for a dog, where other attacks stop at the next breed of dog.

    Source: Kurakin, Goodfellow and Bengio 2016, "Adversarial examples in the physical world", arXiv:1607.02533,
    section 2.3; one step: the same 2016, "Adversarial machine learning at scale", arXiv:1611.01236, section 2. Changed:
    a true class that is the least likely is passed over, or the attack would correct the model.

    Args:
        steps: gradient steps; 1 for the one-step method.
        early_stop: stop working on a sample as soon as it has reached its target; to be misclassified is not enough.

    Raises:
        InputError: targets or a goal are given; this attack chooses its own.

    >>> result = LeastLikely(torch.nn.Linear(2, 3).eval(), eps=0.5, skip_wrong=False).run(
    ...     torch.full((1, 2), 0.5), torch.tensor([0]))
    >>> bool((result.success >= result.reached).all())
    True
    """

    name: ClassVar[str] = "least-likely"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.goal is not None:
            raise InputError("least-likely has its own goal: leave it out, or use BIM with targets or a goal")

    def run(self, inputs: Tensor, labels: Tensor, targets: Tensor | None = None) -> LeastLikelyResult:
        """Attack a batch and say what came of each sample."""
        if targets is not None:
            raise InputError("least-likely chooses its own targets: leave them out, or use BIM with targets")
        result = super().run(inputs, labels)
        wanted = least_likely(self._logits(inputs), labels)
        reached = self._logits(result.inputs).argmax(dim=1) == wanted
        parts = {field.name: getattr(result, field.name) for field in fields(result)}
        return LeastLikelyResult(**parts | {"queries": result.queries + 2, "targets": wanted, "reached": reached})

    def perturb(self, problem: Problem) -> Tensor:
        targets = least_likely(main_output(problem.output(problem.inputs)), problem.labels)
        return super().perturb(replace(problem, goal=Reach(), labels=targets))

    def _logits(self, inputs: Tensor) -> Tensor:
        device = next(self.model.parameters(), inputs).device
        with torch.no_grad(), untouched(self.model):
            answers = [main_output(self._answer(part.to(device))) for part in inputs.split(self.batch_size)]
        return torch.cat(answers).to(inputs.device)


def least_likely(logits: Tensor, labels: Tensor) -> Tensor:
    """The class with the smallest logit among those that are not true, ``(N,)``.

    >>> least_likely(torch.tensor([[3.0, 2.0, 1.0], [1.0, 2.0, 3.0]]), torch.tensor([0, 0]))
    tensor([2, 1])
    """
    return logits.scatter(1, labels[:, None], torch.inf).argmin(dim=1)
