"""Batches of samples that are in memory: gathered many batches at a time, then only sliced."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from burnish.data.batch import Batch, map_tensors
from burnish.data.loaders.ahead import ahead
from burnish.data.loaders.order import batch_bounds, rank_bounds
from burnish.data.loaders.placing import place, to_channels_last
from burnish.data.source import Source

CHUNK_BYTES = 4 * 2**20
"""Samples that are gathered at once take at most this much, unless one batch alone takes more.

Much more is slower: the allocator then gets fresh pages from the system for every chunk (fashion-mnist in batches of
128, one thread: 193 us a batch with 32 MB, 115 with 4).
"""

COSTLY_CHUNK_BYTES = 2**20
"""The same where gathering takes its time: training waits for the first chunk of an epoch."""


class MemoryLoader:
    """The :class:`~burnish.data.Loader` of a source in memory; made by :func:`~burnish.data.make_loader`.

    The source moves to the device once. Where gathering is costly (augmentation), a thread makes the next chunk while
    this one is used. Batches of one chunk share storage, so they must not be changed in place.
    """

    def __init__(
        self,
        source: Source,
        batch_size: int,
        shuffle: bool,
        seed: int,
        rank: int,
        ranks: int,
        device: torch.device,
        channels_last: bool,
    ) -> None:
        self.source = source
        self.batch_size = batch_size
        self._held = source.to(device)
        self._device = device
        self._shuffle = shuffle
        self._seed = seed
        self._channels_last = channels_last
        whole = batch_bounds(len(source), batch_size, ranks)
        self._bounds = [rank_bounds(start, stop, rank, ranks) for start, stop in whole]
        self._weights = [
            (mine[1] - mine[0]) * ranks / (all_[1] - all_[0]) for mine, all_ in zip(self._bounds, whole, strict=True)
        ]
        sample = _bytes_of(self._held.gather(torch.zeros(1, dtype=torch.int64)))
        largest = max(stop - start for start, stop in self._bounds)
        chunk = COSTLY_CHUNK_BYTES if source.costly else CHUNK_BYTES
        self._batches_per_chunk = max(1, chunk // (sample * largest))

    def __len__(self) -> int:
        return len(self._bounds)

    def __iter__(self) -> Iterator[Batch]:
        return self.batches(0)

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """The batches of an epoch, from batch number ``start`` on."""
        chunks = self._chunks(epoch, start)
        for chunk in ahead(chunks) if self._held.costly else chunks:
            for part in zip(*chunk, strict=True):
                yield Batch(*part)

    def _chunks(self, epoch: int, start: int) -> Iterator[tuple[Sequence[Any], ...]]:
        """Some batches at a time: their inputs, targets, numbers and weights."""
        order = self.source.order(self._seed, epoch) if self._shuffle else torch.arange(len(self.source))
        held = self._held.for_epoch(epoch)
        for first in range(start, len(self._bounds), self._batches_per_chunk):
            last = min(first + self._batches_per_chunk, len(self._bounds))
            bounds = self._bounds[first:last]
            sizes = [stop - start for start, stop in bounds]
            # On one rank the slices touch and this is one slice of the order.
            if sum(sizes) == bounds[-1][1] - bounds[0][0]:
                index = order[bounds[0][0] : bounds[-1][1]]
            else:
                index = torch.cat([order[start:stop] for start, stop in bounds])
            inputs, targets = place(held.gather(index), self._device)
            if self._channels_last:
                inputs = map_tensors(to_channels_last, inputs)
            yield (
                split_nested(inputs, sizes),
                split_nested(targets, sizes),
                index.split_with_sizes(sizes),
                self._weights[first:last],
            )


def split_nested(nested: Any, sizes: list[int]) -> Sequence[Any]:
    """Cut every tensor in nested dicts and tuples along its first dimension: one nested value per size.

    >>> split_nested({"a": torch.arange(3)}, [2, 1])
    [{'a': tensor([0, 1])}, {'a': tensor([2])}]
    """
    if isinstance(nested, Tensor):
        return nested.split_with_sizes(sizes)
    if isinstance(nested, dict):
        columns = [split_nested(value, sizes) for value in nested.values()]
        return [dict(zip(nested, row, strict=True)) for row in zip(*columns, strict=True)]
    if isinstance(nested, tuple | list):
        rows = list(zip(*(split_nested(value, sizes) for value in nested), strict=True))
        return [type(nested)(*row) if hasattr(nested, "_fields") else type(nested)(row) for row in rows]
    return [nested] * len(sizes)


def _bytes_of(nested: Any) -> int:
    total = 0

    def count(tensor: Tensor) -> Tensor:
        nonlocal total
        total += tensor.nbytes
        return tensor

    map_tensors(count, nested)
    return max(1, total)
