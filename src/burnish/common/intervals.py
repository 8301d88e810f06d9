"""Confidence intervals, so that no number stands alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from burnish.common.errors import InputError


@dataclass(frozen=True)
class Estimate:
    """A number with its interval: ``value`` lies between ``low`` and ``high`` at ``confidence``, from ``count`` samples."""

    value: float
    low: float
    high: float
    count: int
    confidence: float = 0.95

    def __str__(self) -> str:
        return f"{self.value:.4g} [{self.low:.4g}, {self.high:.4g}]"


def _quantile(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise InputError(f"confidence must lie in (0, 1), got {confidence}: 0.95 is the usual level")
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def proportion(successes: int, count: int, confidence: float = 0.95) -> Estimate:
    """Wilson's score interval for a share of yes among ``count`` answers.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference", eq. 4. Unlike the normal
    interval it never leaves [0, 1] and stays honest near 0 and 1.

    >>> print(proportion(98, 100))
    0.98 [0.93, 0.9945]
    """
    if count == 0:
        return Estimate(math.nan, 0.0, 1.0, 0, confidence)
    z = _quantile(confidence)
    share = successes / count
    centre = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return Estimate(share, max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half)), count, confidence)


def mean(average: float, deviation: float, count: int, confidence: float = 0.95) -> Estimate:
    """The normal interval of a mean, from the sample's average and standard deviation (``count - 1`` in the divisor).

    >>> print(mean(1.0, 0.5, 100))
    1 [0.902, 1.098]
    """
    half = _quantile(confidence) * deviation / math.sqrt(count) if count > 1 else math.inf
    return Estimate(average, average - half, average + half, count, confidence)
