"""What hands out batches, and the choice between memory and files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import torch

from burnish.common.errors import InputError
from burnish.data.batch import Batch
from burnish.data.loaders.workers import Workers
from burnish.data.source import Source

_CPU = torch.device("cpu")


class Loader(Protocol):
    """Batches of a source, epoch by epoch.

    ``batch_size`` counts the samples of all ranks together; ``len(loader)`` is the number of batches in an epoch. The
    samples of a batch are a function of the seed, the epoch and the batch's number, so an epoch can start at any batch.
    A loader never touches the global random generators.
    """

    batch_size: int
    source: Source

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Batch]:
        """The batches of epoch 0, for evaluation."""
        ...

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """The batches of an epoch, from batch number ``start`` on."""
        ...


def make_loader(
    source: Source,
    batch_size: int,
    *,
    shuffle: bool,
    seed: int,
    workers: Workers = 0,
    rank: int = 0,
    ranks: int = 1,
    device: torch.device = _CPU,
    channels_last: bool = False,
) -> Loader:
    """A loader that indexes and slices on the device what is in memory, and reads the rest in worker processes.

    Args:
        source: where the samples come from.
        batch_size: samples per batch over all ranks; 0 means the whole source.
        shuffle: a new order every epoch; otherwise ``0 .. n - 1``.
        seed: decides the orders.
        workers: processes that read files (0: this one reads; ``"auto"``: as many as the first batches show to be
            worth it); sources in memory need none.
        rank: number of this process.
        ranks: processes that share every batch.
        device: where batches end up.
        channels_last: memory layout of float images.

    Raises:
        InputError: the source is empty, or ``batch_size`` or ``workers`` cannot be.

    >>> from burnish.data.source import TensorSource
    >>> loader = make_loader(TensorSource(torch.arange(6.0)), 4, shuffle=False, seed=0)
    >>> [batch.inputs.tolist() for batch in loader.batches(epoch=0)]
    [[0.0, 1.0, 2.0, 3.0], [4.0, 5.0]]
    """
    from burnish.data.loaders.file_loader import FileLoader
    from burnish.data.loaders.memory_loader import MemoryLoader

    count = len(source)
    if count == 0:
        raise InputError("there are no samples to load: this split is empty")
    if batch_size < 0:
        raise InputError(f"batch_size must be positive, or 0 for the whole split, got {batch_size}")
    if batch_size > count:
        raise InputError(f"batch_size {batch_size} is larger than the data ({count} samples): use at most {count}")
    if workers != "auto" and workers < 0:
        raise InputError(f"workers must be 0 or more, or auto, got {workers}")
    batch_size = batch_size or count
    if batch_size < ranks:
        raise InputError(
            f"a batch of {batch_size} cannot be shared by {ranks} processes: "
            "every process needs a sample, so use a larger batch_size or fewer processes"
        )
    if source.in_memory:
        return MemoryLoader(source, batch_size, shuffle, seed, rank, ranks, device, channels_last)
    return FileLoader(source, batch_size, shuffle, seed, rank, ranks, device, channels_last, workers)


def evaluation_loader(
    source: Source,
    batch_size: int = 256,
    *,
    workers: Workers = 0,
    rank: int = 0,
    ranks: int = 1,
    device: torch.device = _CPU,
    channels_last: bool = False,
) -> Loader:
    """A loader that goes through a source once, in order; ``batch_size`` is cut to the size of the source.

    >>> from burnish.data.source import TensorSource
    >>> len(evaluation_loader(TensorSource(torch.arange(6.0))))
    1
    """
    return make_loader(
        source,
        min(batch_size, len(source)),
        shuffle=False,
        seed=0,
        workers=workers,
        rank=rank,
        ranks=ranks,
        device=device,
        channels_last=channels_last,
    )
