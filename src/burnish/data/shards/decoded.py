"""A small set of shards, decoded once and kept in memory."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

from burnish.data.shards.source import ShardSource
from burnish.data.source import TensorSource

_CHUNK = 32


class DecodedShards(TensorSource):
    """Images in memory that still know which shard each came from.

    Args:
        inputs: bytes, ``(samples, C, H, W)``.
        targets: class of each, ``(samples,)``.
        shards: the same samples where they lie.
    """

    targets: Tensor

    def __init__(self, inputs: Tensor, targets: Tensor, shards: ShardSource) -> None:
        super().__init__(inputs, targets)
        self.shards = shards

    def rows(self, index: Tensor) -> DecodedShards:
        """A copy of some samples, as they are held."""
        held = index.to(self.inputs.device)
        return DecodedShards(self.inputs[held], self.targets[held], self.shards.take(index))

    def to(self, device: torch.device) -> DecodedShards:
        """The same samples, held on a device."""
        return DecodedShards(self.inputs.to(device), self.targets.to(device), self.shards)

    def describe(self, index: int) -> str:
        """The shard, and the sample's name in it."""
        return self.shards.describe(index)


def decoded(shards: ShardSource) -> DecodedShards:
    """Decode every sample into memory, on all cores.

    Raises:
        InputError: a shard is gone, truncated or damaged, or an image cannot be decoded.
    """
    images = torch.empty(len(shards), *shards.shape, dtype=torch.uint8)

    def read(start: int) -> None:
        numbers = torch.arange(start, min(start + _CHUNK, len(shards)))
        images[start : start + _CHUNK] = shards.pixels(numbers)

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        try:
            for _ in pool.map(read, range(0, len(shards), _CHUNK)):
                pass
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return DecodedShards(images, shards.labels(), shards)
