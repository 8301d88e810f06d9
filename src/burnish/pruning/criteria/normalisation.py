"""Make the scores of different layers comparable."""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor

from burnish.common.errors import unknown

Normalisation = Literal["none", "mean", "max", "rank"]


def normalised(scores: Tensor, how: Normalisation) -> Tensor:
    """Scores of one group on a scale that other groups share; the order within the group stays.

    Source: ``mean`` is the relative score of Fang et al. 2023, "DepGraph", arXiv:2301.12900, section 3.3, with all
    channels in place of the N best.

    Args:
        scores: of one group, at least 0, ``(channels,)``.
        how: ``none``; ``mean`` or ``max``: as a multiple of the group's mean or largest score; ``rank``: from 0 for the
            lowest to 1 for the highest, equals in the middle of theirs, which lets every group lose the same share.

    Returns:
        ``(channels,)``. Where every score is 0 they stay so.

    Raises:
        InputError: no such way.

    >>> normalised(torch.tensor([1.0, 2.0, 3.0]), "mean").tolist()
    [0.5, 1.0, 1.5]
    """
    if how not in get_args(Normalisation):
        raise unknown("normalisation", how, get_args(Normalisation))
    if how == "none":
        return scores
    if how == "rank":
        _, inverse, counts = torch.unique(scores, return_inverse=True, return_counts=True)
        middle = counts.cumsum(0) - (counts + 1) / 2
        ranks: Tensor = middle[inverse] / max(1, len(scores) - 1)
        return ranks.to(scores.dtype)
    unit = scores.mean() if how == "mean" else scores.max()
    return scores / unit if unit > 0 else scores
