"""Confidence intervals, so that no number stands alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from burnish.common.errors import InputError


@dataclass(frozen=True)
class Estimate:
    """A number from ``count`` samples, with its interval from ``low`` to ``high`` at ``confidence``."""

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

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference", eq. 4. Unlike the
    normal interval it never leaves [0, 1] and stays honest near 0 and 1.

    Args:
        successes: answers that are yes.
        count: all answers; with none of them the share is NaN, somewhere between 0 and 1.
        confidence: how often such intervals hold the true share.

    Raises:
        InputError: ``confidence`` lies outside (0, 1), or ``successes`` outside 0 to ``count``.

    >>> print(proportion(98, 100))
    0.98 [0.93, 0.9945]
    """
    z = _quantile(confidence)
    if not 0 <= successes <= count:
        raise InputError(f"successes must lie between 0 and count, got {successes} of {count}")
    if count == 0:
        return Estimate(math.nan, 0.0, 1.0, 0, confidence)
    low, high = _wilson(successes / count, count, z)
    return Estimate(successes / count, low, high, count, confidence)


def unit_score(value: float, deviation: float, count: int, confidence: float = 0.95) -> Estimate:
    """The interval of a score in [0, 1] that is no mean of zeros and ones, such as an F1.

    Source: Korn and Graubard 1998, "Confidence intervals for proportions with small expected number of positive counts
    estimated from survey data", Survey Methodology 24(2): the interval of a share, here Wilson's, at the number of
    answers that would have the same standard error.

    Args:
        value: the score.
        deviation: standard deviation of one sample's influence on it, so that its standard error is
            ``deviation / sqrt(count)``.
        count: samples.
        confidence: how often such intervals hold the true score.

    >>> print(unit_score(0.9, 0.3, 100), "=", proportion(90, 100))
    0.9 [0.8256, 0.9448] = 0.9 [0.8256, 0.9448]
    """
    z = _quantile(confidence)
    variance = value * (1 - value)
    alike = count * variance / deviation**2 if variance > 0 and deviation > 0 else float(count)
    low, high = _wilson(value, alike, z)
    return Estimate(value, low, high, count, confidence)


def _wilson(share: float, count: float, z: float) -> tuple[float, float]:
    centre = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))


def mean(average: float, deviation: float, count: int, confidence: float = 0.95) -> Estimate:
    """The normal interval of a mean; one sample tells nothing about its deviation, so its interval has no ends.

    Args:
        average: of the samples.
        deviation: their standard deviation, with ``count - 1`` in the divisor.
        count: samples.
        confidence: how often such intervals hold the true mean.

    Raises:
        InputError: ``confidence`` lies outside (0, 1).

    >>> print(mean(1.0, 0.5, 100))
    1 [0.902, 1.098]
    """
    half = _quantile(confidence) * deviation / math.sqrt(count) if count > 1 else math.inf
    return Estimate(average, average - half, average + half, count, confidence)
