"""What a suite of attacks left of a model, per sample, per class and per attack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from burnish.attacks.norms import Norm
from burnish.common.intervals import Estimate, proportion


@dataclass(frozen=True)
class Trial:
    """What one attack of a suite did.

    Args:
        attack: its name.
        options: its own settings.
        tried: samples that it worked on.
        fooled: samples that it fooled and none before it.
        so_far: robust accuracy after this attack and all before it, a share of all samples.
        alone: robust accuracy under this attack by itself; None where it did not try every right sample.
        queries: forward passes, of all samples together.
        gradients: gradients among them.
        seconds: wall time.
    """

    attack: str
    options: dict[str, Any]
    tried: int
    fooled: int
    so_far: Estimate
    alone: Estimate | None
    queries: int
    gradients: int
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Plain data for a JSON file."""
        return {**vars(self), "so_far": vars(self.so_far), "alone": None if self.alone is None else vars(self.alone)}


@dataclass(frozen=True, eq=False)
class SuiteResult:
    """The worst case over all attacks of a suite.

    Args:
        suite: its name.
        norm: of the perturbations.
        eps: largest perturbation, one number or one a sample ``(N,)``.
        trials: one an attack, in order.
        inputs: the samples ``(N, *)``; where one was fooled, what fooled it.
        labels: the true classes ``(N,)``.
        right: whether the model is right before any attack ``(N,)``.
        robust: whether it is right whatever the attacks did ``(N,)``.
        fooled_by: place in ``trials`` of the attack that fooled a sample first, -1 for none ``(N,)``.
        confidence: level of the intervals.
    """

    suite: str
    norm: Norm
    eps: float | Tensor | None
    trials: tuple[Trial, ...]
    inputs: Tensor
    labels: Tensor
    right: Tensor
    robust: Tensor
    fooled_by: Tensor
    confidence: float = 0.95

    def __len__(self) -> int:
        return len(self.right)

    @property
    def clean_accuracy(self) -> Estimate:
        """Share of the samples that are right before any attack, with its interval."""
        return proportion(int(self.right.sum()), len(self), self.confidence)

    @property
    def robust_accuracy(self) -> Estimate:
        """Share of the samples that no attack fooled, with its interval."""
        return proportion(int(self.robust.sum()), len(self), self.confidence)

    @property
    def classes(self) -> dict[int, Estimate]:
        """Robust accuracy of every class that occurs, by its number."""
        found = {}
        for label in self.labels.unique().tolist():
            own = self.labels == label
            found[int(label)] = proportion(int((self.robust & own).sum()), int(own.sum()), self.confidence)
        return found

    def fooled_first(self, attack: str) -> Tensor:
        """Which samples an attack was the first to fool ``(N,)``."""
        places = torch.tensor([place for place, trial in enumerate(self.trials) if trial.attack == attack])
        return torch.isin(self.fooled_by, places.to(self.fooled_by.device))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for a JSON file, without the samples."""
        return {
            "suite": self.suite,
            "norm": self.norm,
            "eps": self.eps if isinstance(self.eps, float | int) else None,
            "count": len(self),
            "confidence": self.confidence,
            "clean_accuracy": vars(self.clean_accuracy),
            "robust_accuracy": vars(self.robust_accuracy),
            "attacks": [trial.to_dict() for trial in self.trials],
        }
