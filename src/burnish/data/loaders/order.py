"""The order of samples: pure functions of seed and epoch, the same for every number of processes."""

from __future__ import annotations

import torch
from torch import Tensor

from burnish.common.errors import InputError
from burnish.common.seeding import generator


def epoch_order(count: int, seed: int, epoch: int, shuffle: bool = True) -> Tensor:
    """Sample numbers in the order of one epoch, ``(count,)`` int64.

    Args:
        count: samples in the split.
        seed: the user's seed.
        epoch: number of the epoch, from 0.
        shuffle: False gives ``0 .. count - 1``.

    >>> epoch_order(5, seed=0, epoch=1).tolist() == epoch_order(5, seed=0, epoch=1).tolist()
    True
    >>> epoch_order(3, seed=0, epoch=1, shuffle=False).tolist()
    [0, 1, 2]
    """
    if not shuffle:
        return torch.arange(count)
    return torch.randperm(count, generator=generator(seed, "order", epoch))


def batch_bounds(count: int, batch_size: int, ranks: int = 1) -> list[tuple[int, int]]:
    """Where each global batch starts and stops in the order of an epoch; every sample is in exactly one.

    A short last batch that would leave a rank fewer than two samples is joined to the batch before it: batch
    normalisation cannot learn from one sample, and a rank without samples would hang the others.

    Raises:
        InputError: ``batch_size`` is below 1.

    >>> batch_bounds(10, 4)
    [(0, 4), (4, 8), (8, 10)]
    >>> batch_bounds(9, 4)
    [(0, 4), (4, 9)]
    """
    if batch_size < 1:
        raise InputError(f"batch_size must be at least 1, got {batch_size}")
    starts = list(range(0, count, batch_size))
    last = count % batch_size
    if len(starts) > 1 and 0 < last < 2 * ranks:
        starts.pop()
    return list(zip(starts, [*starts[1:], count], strict=True))


def rank_bounds(start: int, stop: int, rank: int, ranks: int) -> tuple[int, int]:
    """The part of a global batch that one rank takes: contiguous, sizes differ by at most one.

    >>> [rank_bounds(10, 17, rank, 3) for rank in range(3)]
    [(10, 12), (12, 14), (14, 17)]
    """
    size = stop - start
    return start + size * rank // ranks, start + size * (rank + 1) // ranks
