"""What counts of votes say about a class: an exact lower bound of its chance, and whether it leads by luck."""

from __future__ import annotations

import torch
from torch import Tensor


def lower_confidence_bound(successes: Tensor, count: int, alpha: float) -> Tensor:
    """One-sided Clopper-Pearson bound: the true chance lies below it with probability at most ``alpha``.

    Source: Clopper and Pearson 1934, "The use of confidence or fiducial limits illustrated in the case of the
    binomial"; LOWERCONFBOUND in Cohen, Rosenfeld and Kolter 2019, arXiv:1902.02918, section 3.2.2. It solves
    ``P(X >= successes) = alpha`` for the chance of a binomial X, through the beta distribution.

    Args:
        successes: votes ``(N,)``, whole numbers from 0 to ``count``.
        count: votes in all.
        alpha: in (0, 1).

    Returns:
        Bounds ``(N,)``, float64 on the CPU.

    >>> lower_confidence_bound(torch.tensor([0, 10]), 10, 0.001).tolist()  # 0.001 ** (1 / 10)
    [0.0, 0.5011872336272722]
    """
    from scipy.special import betaincinv

    votes = successes.cpu().double().numpy()
    bounds = torch.from_numpy(betaincinv(votes.clip(1), count - votes.clip(1) + 1, alpha))
    return torch.where(successes.cpu() > 0, bounds, 0.0)


def tie_p_value(most: Tensor, second: Tensor) -> Tensor:
    """Chance that a fair coin is at least as uneven as the votes of the two leading classes (two-sided binomial test).

    Source: BINOMPVALUE in Cohen, Rosenfeld and Kolter 2019, arXiv:1902.02918, section 3.2.1.

    Args:
        most: votes of the leading class ``(N,)``, at least ``second`` and at least 1.
        second: votes of the next ``(N,)``.

    Returns:
        p-values ``(N,)``, float64 on the CPU.

    >>> tie_p_value(torch.tensor([3, 2]), torch.tensor([0, 2])).tolist()
    [0.25, 1.0]
    """
    from scipy.special import betainc

    # P(X >= k) of n fair throws is the beta distribution of k and n - k + 1 at 1/2; both sides are alike.
    one_side = torch.from_numpy(betainc(most.cpu().double().numpy(), second.cpu().double().numpy() + 1, 0.5))
    return (2 * one_side).clamp(max=1)
