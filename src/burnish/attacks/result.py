"""What an attack did to each sample."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from burnish.attacks.norms import Norm
from burnish.common.intervals import Estimate, proportion

_TENSORS = ("inputs", "success", "wrong", "distance", "queries", "gradients")


@dataclass(frozen=True)
class AttackResult:
    """The attacked inputs and what came of each.

    Attributes:
        inputs: attacked samples ``(N, *)``; those that were wrong already are as they were.
        success: whether the model ends up where the attack wants it ``(N,)``, ``wrong`` ones included.
        wrong: where it was before any change ``(N,)``.
        distance: size of the perturbation ``(N,)`` in ``norm``.
        queries: forward passes spent on each sample ``(N,)``.
        gradients: gradients spent on each sample ``(N,)``.
        norm: of the distance.
    """

    inputs: Tensor
    success: Tensor
    wrong: Tensor
    distance: Tensor
    queries: Tensor
    gradients: Tensor
    norm: Norm

    def __len__(self) -> int:
        return len(self.success)

    def to(self, device: torch.device) -> AttackResult:
        """The same with every tensor on a device."""
        return AttackResult(**{name: getattr(self, name).to(device) for name in _TENSORS}, norm=self.norm)

    def robust_accuracy(self, confidence: float = 0.95) -> Estimate:
        """Share of all samples that the attack could not fool, with its interval."""
        return proportion(int((~self.success).sum()), len(self), confidence)

    def fooling_rate(self, confidence: float = 0.95) -> Estimate:
        """Share of the samples that were right before and are fooled now, with its interval."""
        right = ~self.wrong
        return proportion(int((self.success & right).sum()), int(right.sum()), confidence)


def joined(parts: list[AttackResult]) -> AttackResult:
    """Results of consecutive parts of a data set as one."""
    if len(parts) == 1:
        return parts[0]
    whole = {name: torch.cat([getattr(part, name) for part in parts]) for name in _TENSORS}
    return AttackResult(**whole, norm=parts[0].norm)
