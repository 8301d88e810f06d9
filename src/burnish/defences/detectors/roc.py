"""How well a score tells attacked from clean samples, at every threshold at once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from burnish.common.errors import InputError
from burnish.common.intervals import Estimate, unit_score


@dataclass(frozen=True)
class Roc:
    """The receiver operating characteristic: one point a threshold, from the strictest to the most lenient.

    Attributes:
        thresholds: samples with a higher score are rejected; the first, the highest score, rejects none.
        false_positive_rates: share of clean samples rejected, rising from 0 to 1.
        true_positive_rates: share of attacked samples rejected, rising from 0 to 1.
        auc: area under the curve, with its interval: the chance that an attacked sample scores higher than a clean one.
    """

    thresholds: tuple[float, ...]
    false_positive_rates: tuple[float, ...]
    true_positive_rates: tuple[float, ...]
    auc: Estimate


def roc_curve(clean_scores: Tensor, attacked_scores: Tensor, confidence: float = 0.95) -> Roc:
    """The curve of a score over clean and attacked samples.

    Source: Fawcett 2006, "An introduction to ROC analysis", algorithm 1; samples of equal score are one point. The area
    is that of Mann and Whitney, ties counted half; its deviation is that of DeLong, DeLong and Clarke-Pearson 1988,
    "Comparing the areas under two or more correlated receiver operating characteristic curves", eq. 3-5.

    Args:
        clean_scores: ``(n,)``.
        attacked_scores: ``(m,)``; higher is more suspicious.
        confidence: of the area's interval.

    Raises:
        InputError: no scores of one kind, or a score that is not finite.

    >>> curve = roc_curve(torch.tensor([0.1, 0.2]), torch.tensor([0.2, 0.9]))
    >>> curve.false_positive_rates, curve.true_positive_rates, curve.auc.value
    ((0.0, 0.0, 0.5, 1.0), (0.0, 0.5, 1.0, 1.0), 0.875)
    """
    for scores, kind in ((clean_scores, "clean"), (attacked_scores, "attacked")):
        if len(scores) == 0:
            raise InputError(f"no {kind} samples: a ROC curve needs scores of clean and of attacked ones")
        if not bool(scores.isfinite().all()):
            raise InputError(f"a score of the {kind} samples is NaN or infinite: check the model and the inputs")
    clean, attacked = (scores.double().cpu().sort().values for scores in (clean_scores, attacked_scores))
    levels = torch.cat([clean, attacked]).unique().flip(0)
    false_positives = _share_above(clean, levels)
    true_positives = _share_above(attacked, levels)
    return Roc(
        # Below the lowest score everything is rejected.
        thresholds=(*levels.tolist(), math.nextafter(levels[-1].item(), -math.inf)),
        false_positive_rates=(*false_positives.tolist(), 1.0),
        true_positive_rates=(*true_positives.tolist(), 1.0),
        auc=_area(clean, attacked, confidence),
    )


def _share_above(ascending: Tensor, thresholds: Tensor) -> Tensor:
    at_most = torch.searchsorted(ascending, thresholds, right=True)
    return (len(ascending) - at_most).double() / len(ascending)


def _area(clean: Tensor, attacked: Tensor, confidence: float) -> Estimate:
    beaten_by = 1 - _midranks(attacked, clean)  # one a clean sample: share of attacked ones above it, eq. 4
    beats = _midranks(clean, attacked)  # one an attacked sample: share of clean ones below it, eq. 3
    variance = sum(share.var().item() / len(share) for share in (beaten_by, beats) if len(share) > 1)
    # The smaller group limits what is known; its size is what an area of exactly 0 or 1 falls back on.
    count = min(len(clean), len(attacked))
    return unit_score(beats.mean().item(), math.sqrt(variance * count), count, confidence)


def _midranks(ascending: Tensor, values: Tensor) -> Tensor:
    below = torch.searchsorted(ascending, values, right=False)
    at_most = torch.searchsorted(ascending, values, right=True)
    return (below + at_most).double() / (2 * len(ascending))
