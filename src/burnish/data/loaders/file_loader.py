"""Batches of samples that are read from files, in this process or in workers beside it."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from burnish.common.errors import BurnishError
from burnish.common.seeding import derive_seed, generator, preserved_rng, seed_everything
from burnish.data.batch import Batch, map_tensors
from burnish.data.loaders.order import batch_bounds, rank_bounds
from burnish.data.loaders.placing import place, to_channels_last
from burnish.data.loaders.workers import Trial, Workers
from burnish.data.source import Source


@contextmanager
def _without_advice() -> Iterator[None]:
    """How many workers pay is the user's to say; torch would warn of two on one core."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "This DataLoader will create", UserWarning)
        yield


class FileLoader:
    """The :class:`~burnish.data.Loader` of a source on disk; made by :func:`~burnish.data.make_loader`.

    Workers live from epoch to epoch. They are pinned to one thread each, leave Ctrl-C to the main process, and an error
    that burnish raises in one comes out of :meth:`batches` as it went in.

    Attributes:
        workers: how many there are; 0 while their number is still being measured.
        trial: the measurement behind it, where it was left to ``"auto"``.
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
        workers: Workers,
    ) -> None:
        self.source = source
        self.batch_size = batch_size
        self._shuffle = shuffle
        self._seed = seed
        self._device = device
        self._channels_last = channels_last
        self.workers = 0 if workers == "auto" else workers
        self.trial = Trial(device) if workers == "auto" else None
        whole = batch_bounds(len(source), batch_size, ranks)
        self._bounds = [rank_bounds(start, stop, rank, ranks) for start, stop in whole]
        self._weights = [
            (mine[1] - mine[0]) * ranks / (all_[1] - all_[0]) for mine, all_ in zip(self._bounds, whole, strict=True)
        ]
        self._reader = _Reader(source, seed)
        self._idle: tuple[_Plan, DataLoader[Any]] | None = None

    def __len__(self) -> int:
        return len(self._bounds)

    def __iter__(self) -> Iterator[Batch]:
        return self.batches(0)

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """The batches of an epoch, from batch number ``start`` on."""
        order = self.source.order(self._seed, epoch) if self._shuffle else torch.arange(len(self.source))
        steps = [(epoch, order[first:last]) for first, last in self._bounds[start:]]
        for weight, (step, read) in zip(self._weights[start:], self._read(steps), strict=True):
            if isinstance(read, _Failure):
                raise read.error
            inputs, targets = self._placed(read)
            yield Batch(inputs, targets, step[1], weight)

    def _read(self, steps: list[_Step]) -> Iterator[tuple[_Step, Any]]:
        done = 0
        while self.trial is not None and not self.trial.is_over and done < len(steps):
            yield from self._try_one(steps[done], self.trial)
            done += 1
        yield from self._read_beside(steps[done:]) if self.workers else self._read_here(steps[done:])

    def _try_one(self, step: _Step, trial: Trial) -> Iterator[tuple[_Step, Any]]:
        """A batch read in this process, with a look at the clock; the last one says how many workers there will be."""
        with trial.reading():
            read = self._reader[step]
        with trial.training():
            yield step, read
        if trial.is_over:
            self.workers = trial.choice()

    def _read_here(self, steps: list[_Step]) -> Iterator[tuple[_Step, Any]]:
        for step in steps:
            yield step, self._reader[step]

    def _read_beside(self, steps: list[_Step]) -> Iterator[tuple[_Step, Any]]:
        if not steps:
            return
        # Two epochs at once (a zip of two) must not share workers, so a set in use is taken away until it is done.
        plan, loader = self._idle or self._start_workers()
        self._idle = None
        plan.steps = steps
        with _without_advice():
            batches = iter(loader)
        yield from zip(steps, batches, strict=True)
        self._idle = (plan, loader)

    def _start_workers(self) -> tuple[_Plan, DataLoader[Any]]:
        plan = _Plan()
        with _without_advice():
            loader: DataLoader[Any] = DataLoader(
                self._reader,
                batch_size=None,
                sampler=plan,
                num_workers=self.workers,
                collate_fn=_as_it_is,
                pin_memory=self._device.type == "cuda",
                worker_init_fn=_quiet_worker,
                generator=generator(self._seed, "workers"),
                persistent_workers=True,
            )
        return plan, loader

    def _placed(self, read: tuple[Any, Any]) -> tuple[Any, Any]:
        inputs, targets = place(read, self._device)
        return (map_tensors(to_channels_last, inputs) if self._channels_last else inputs), targets


_Step = tuple[int, Tensor]
"""Number of the epoch, and the samples of one batch."""


class _Plan(Sampler[_Step]):
    """The batches that the workers are to read next."""

    def __init__(self) -> None:
        self.steps: list[_Step] = []

    def __iter__(self) -> Iterator[_Step]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)


@dataclass(frozen=True)
class _Failure:
    """An error on its way out of a worker; torch would wrap it into a page of traceback."""

    error: BurnishError


class _Reader(Dataset[Any]):
    """A source as a worker sees it: one whole batch per item."""

    def __init__(self, source: Source, seed: int) -> None:
        self.source = source
        self.seed = seed

    def __getitem__(self, step: _Step) -> Any:
        epoch, index = step
        try:
            source = self.source.for_epoch(epoch)
            return self._gather_seeded(source, epoch, index) if source.draws else source.gather(index)
        except BurnishError as error:
            return _Failure(error)

    def _gather_seeded(self, source: Source, epoch: int, index: Tensor) -> tuple[Any, Any]:
        samples = []
        with preserved_rng():
            for number in index.tolist():
                seed_everything(derive_seed(self.seed, "sample", epoch, number))
                samples.append(source.gather(torch.tensor([number])))
        inputs, targets = zip(*samples, strict=True)
        return join_nested(inputs), join_nested(targets)


def join_nested(parts: tuple[Any, ...]) -> Any:
    """Concatenate nested dicts and tuples of tensors on their first dimension.

    >>> join_nested(({"a": torch.zeros(1)}, {"a": torch.ones(1)}))
    {'a': tensor([0., 1.])}
    """
    first = parts[0]
    if isinstance(first, Tensor):
        return torch.cat(parts)
    if isinstance(first, dict):
        return {key: join_nested(tuple(part[key] for part in parts)) for key in first}
    if isinstance(first, tuple | list):
        joined = [join_nested(column) for column in zip(*parts, strict=True)]
        return type(first)(*joined) if hasattr(first, "_fields") else type(first)(joined)
    return first


def _as_it_is(batch: Any) -> Any:
    return batch


def _quiet_worker(worker: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
    os.environ["OPENCV_FOR_THREADS_NUM"] = "1"  # for an OpenCV that is imported later
    if "cv2" in sys.modules:
        import cv2

        cv2.setNumThreads(0)
