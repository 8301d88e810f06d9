"""The score from which a detector rejects, chosen on clean samples alone."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from burnish.common.errors import InputError


@dataclass(frozen=True)
class Threshold:
    """Samples with a score above ``value`` are rejected.

    Attributes:
        value: of the score.
        false_positive_rate: share of clean samples that may be rejected, as asked for.
        count: clean samples that it was chosen on.
    """

    value: float
    false_positive_rate: float
    count: int


def choose_threshold(clean_scores: Tensor, false_positive_rate: float = 0.05) -> Threshold:
    """The lowest threshold that rejects a fresh clean sample with at most the probability asked for.

    Source: Vovk, Gammerman and Shafer 2005, "Algorithmic Learning in a Random World", section 4.1 (split conformal
    prediction): a fresh score exceeds the k-th largest of n others with probability k / (n + 1) at most. The share
    among the n themselves would promise too little with few samples.

    Args:
        clean_scores: ``(n,)``, of clean samples that the detector has not learnt from; higher is more suspicious.
        false_positive_rate: in (0, 1).

    Raises:
        InputError: no scores, one that is not finite, all of them equal, too few, or a rate outside (0, 1).

    >>> choose_threshold(torch.arange(99.0), 0.05)
    Threshold(value=94.0, false_positive_rate=0.05, count=99)
    """
    count = len(clean_scores)
    if not 0 < false_positive_rate < 1:
        raise InputError(
            f"false_positive_rate must lie in (0, 1), got {false_positive_rate}: "
            "it is the share of clean samples that may be rejected, 0.05 is usual"
        )
    if count == 0:
        raise InputError("no clean samples: a threshold is chosen on the scores of clean samples")
    if not bool(clean_scores.isfinite().all()):
        raise InputError("a score of the clean samples is NaN or infinite: check the model's weights and the inputs")
    if count > 1 and bool((clean_scores == clean_scores[0]).all()):
        raise InputError(f"all {count} clean samples score {clean_scores[0].item():g}: the detector sees no difference")
    rank = math.floor(false_positive_rate * (count + 1) + 1e-9)  # 0.29 * 100 is 28.999...
    if rank == 0:
        needed = math.ceil(1 / false_positive_rate - 1 - 1e-9)
        raise InputError(
            f"{count} clean samples are too few for a false-positive rate of {false_positive_rate:g}: "
            f"give at least {needed}, or allow a higher rate"
        )
    value = torch.topk(clean_scores, rank).values[-1].item()
    return Threshold(value, false_positive_rate, count)
