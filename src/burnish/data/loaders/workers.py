"""How many processes should read files beside training: measured, not guessed."""

from __future__ import annotations

import math
import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import torch

Workers = int | Literal["auto"]
"""A number of processes, or ``"auto"`` for as many as it takes."""

_WARM_UP = 1
"""The first step is slow for reasons of its own: memory is allocated, kernels are chosen, libraries are imported."""
_MEASURED = 5
_NO_MATTER = 0.05
"""Reading that takes at most this part of a step is not worth a process."""
_RESERVE = 1.25
"""More workers than the medians ask for, because neither files nor steps all take the same time."""


@dataclass
class Trial:
    """Times of the first batches, which this process reads itself, and what follows from them.

    The number of workers is the time to read a batch over the time of a training step, a quarter more, and at most the
    cores that training leaves free. It changes how long training waits and nothing else.

    Args:
        device: where training runs; a GPU leaves all cores but one free, a CPU those beyond torch's threads.
    """

    device: torch.device
    reads: list[float] = field(default_factory=list)
    steps: list[float] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        """Whether enough was measured to choose."""
        return len(self.steps) >= _WARM_UP + _MEASURED

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Time the reading of a batch."""
        start = time.perf_counter()
        yield
        self.reads.append(time.perf_counter() - start)

    @contextmanager
    def training(self) -> Iterator[None]:
        """Time what is done with a batch."""
        start = time.perf_counter()
        yield
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)  # steps are only queued by then
        self.steps.append(time.perf_counter() - start)

    def medians(self) -> tuple[float, float]:
        """Seconds to read a batch, and of a step."""
        return statistics.median(self.reads[_WARM_UP:]), statistics.median(self.steps[_WARM_UP:])

    def choice(self, cores: int | None = None) -> int:
        """How many workers to use.

        Args:
            cores: those that this process may use; by default counted.
        """
        read, step = self.medians()
        if read <= _NO_MATTER * step:
            return 0
        cores = cores or own_cores()
        busy = torch.get_num_threads() if self.device.type == "cpu" else 1
        most = max(1, cores - busy) if cores > 1 else 0
        return min(math.ceil(_RESERVE * read / max(step, 1e-9)), most)


def own_cores() -> int:
    """Cores that this process may use: its part of them where ``torchrun`` started several."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, allowed // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))


def loading_record(loader: Any) -> dict[str, Any]:
    """What a loader can say of its workers, as plain data: their number, and the times that it was chosen by.

    Empty for a loader that reads no files.
    """
    if not hasattr(loader, "workers"):
        return {}
    trial: Trial | None = loader.trial
    if trial is None or not trial.is_over:
        return {"workers": loader.workers}
    read, step = trial.medians()
    return {"workers": loader.workers, "read_ms": round(1e3 * read, 3), "step_ms": round(1e3 * step, 3)}
