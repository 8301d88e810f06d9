"""The order of an epoch that reads shards nearly as they lie on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from burnish.common.seeding import generator

if TYPE_CHECKING:
    from burnish.data.shards.index import Rows

WINDOW = 256 * 2**20
"""Bytes of shards within which samples change places."""
LANES = 8
"""Shards that are read side by side."""


def local_order(rows: Rows, seed: int, epoch: int, *, window: int = WINDOW, lanes: int = LANES) -> Tensor:
    """Sample numbers in the order of one epoch, ``(samples,)``: random, but near their place on disk.

    The shards are shuffled and dealt to ``lanes`` that are read side by side, each from front to back. Then every
    sample is put off by a random stretch of at most ``window`` bytes. That is what a shuffle buffer of so many bytes
    does; but as the whole order is known beforehand there is no buffer to hold, to fill first, or to bring back on
    resuming. A set that is no larger than the window is shuffled as a whole.

    Args:
        rows: the samples.
        seed: the user's seed.
        epoch: number of the epoch, from 0.
        window: bytes.
        lanes: at most the number of shards is used.
    """
    rng = generator(seed, "order", epoch)
    shards, member = np.unique(rows["shard"], return_inverse=True)
    ends = np.zeros(len(shards), np.int64)
    np.maximum.at(ends, member, rows["offset"] + rows["size"])
    total = int(ends.sum())
    if total <= window:
        return torch.randperm(len(rows), generator=rng)

    turn = torch.randperm(len(shards), generator=rng).numpy()
    lane_of, begins = np.empty(len(shards), np.int64), np.empty(len(shards), np.int64)
    lengths = np.zeros(min(lanes, len(shards)), np.int64)
    for shard in turn:
        lane = int(lengths.argmin())
        lane_of[shard], begins[shard] = lane, lengths[lane]
        lengths[lane] += ends[shard]
    moment = (begins[member] + rows["offset"]) / lengths[lane_of][member]
    put_off = torch.rand(len(rows), generator=rng, dtype=torch.float64).numpy() * (window / total)
    return torch.from_numpy(np.argsort(moment + put_off, kind="stable"))
