"""What randomised smoothing can promise about each input, and the accuracy that follows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from burnish.common.errors import InputError
from burnish.common.intervals import Estimate, proportion

ABSTAIN = -1
"""The class of an input on which the votes do not decide."""


@dataclass(frozen=True)
class CertifiedAccuracy:
    """Share of inputs that are right, and stay right under every change of L2 norm below ``radius``."""

    radius: float
    accuracy: Estimate


@dataclass(frozen=True)
class Certificates:
    """One promise an input: within ``radii`` in L2 norm, the smoothed model answers ``classes``.

    Each promise is wrong with probability at most ``alpha``, over the noise that was drawn.

    Args:
        classes: ``(N,)`` int64; :data:`ABSTAIN` (-1) where the votes do not decide.
        radii: ``(N,)`` float64, in units of the inputs; 0 where it abstains.
        lower: bounds of the chance of the leading class under noise, ``(N,)`` float64.
        sigma: standard deviation of the noise.
        samples: votes behind each bound.
        alpha: chance of a wrong promise.
    """

    classes: Tensor
    radii: Tensor
    lower: Tensor
    sigma: float
    samples: int
    alpha: float

    def __len__(self) -> int:
        return len(self.classes)

    @property
    def abstained(self) -> Tensor:
        """Where the votes do not decide, ``(N,)`` bool."""
        return self.classes == ABSTAIN

    def accuracy(
        self, targets: Tensor, radii: Sequence[float] = (0.0,), confidence: float = 0.95
    ) -> tuple[CertifiedAccuracy, ...]:
        """Certified accuracy over radius; an input that abstains counts as wrong.

        Source: Cohen, Rosenfeld and Kolter 2019, arXiv:1902.02918, section 4 (approximate certified test set accuracy).

        Args:
            targets: true classes ``(N,)``.
            radii: where to read the curve, in units of the inputs.
            confidence: level of the intervals, which are those of a share among N inputs.

        Returns:
            A point for each radius.

        Raises:
            InputError: as many targets as inputs are needed, or a radius is negative.

        >>> classes, radii, lower = torch.tensor([1, 0]), torch.tensor([0.5, 0.2]), torch.tensor([0.9, 0.7])
        >>> both = Certificates(classes, radii, lower, sigma=0.4, samples=100, alpha=0.01)
        >>> [point.accuracy.value for point in both.accuracy(torch.tensor([1, 0]), (0.0, 0.3, 0.6))]
        [1.0, 0.5, 0.0]
        """
        if targets.shape != self.classes.shape:
            raise InputError(
                f"there are {len(self)} certificates, so targets must be ({len(self)},), got {tuple(targets.shape)}"
            )
        for radius in radii:
            if not 0 <= radius < math.inf:
                raise InputError(f"a radius must be 0 or more, got {radius}")
        right = self.classes == targets.to(self.classes.device)
        kept = [int((right & (self.radii >= radius)).sum()) for radius in radii]
        return tuple(
            CertifiedAccuracy(float(radius), proportion(count, len(self), confidence))
            for radius, count in zip(radii, kept, strict=True)
        )


def joined(parts: Sequence[Certificates]) -> Certificates:
    """The certificates of several calls as one, for data that are read batch by batch.

    Raises:
        InputError: there are none, or they were made with different sigma, samples or alpha.
    """
    if not parts:
        raise InputError("there are no certificates to join")
    kinds = {(part.sigma, part.samples, part.alpha) for part in parts}
    if len(kinds) > 1:
        raise InputError(f"certificates of one kind can be joined, got (sigma, samples, alpha) {sorted(kinds)}")
    sigma, samples, alpha = kinds.pop()
    return Certificates(
        classes=torch.cat([part.classes for part in parts]),
        radii=torch.cat([part.radii for part in parts]),
        lower=torch.cat([part.lower for part in parts]),
        sigma=sigma,
        samples=samples,
        alpha=alpha,
    )
