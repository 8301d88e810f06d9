"""Measured time of one forward."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.common.module_state import evaluating
from burnish.common.seeding import preserved_rng
from burnish.models.count import call_arguments


@dataclass(frozen=True)
class Latency:
    """Milliseconds of one forward: the median over ``repeats``, between the lower and the upper quartile."""

    median: float
    low: float
    high: float
    repeats: int
    threads: int
    device: str

    def __str__(self) -> str:
        return f"{self.median:.3g} ms [{self.low:.3g}, {self.high:.3g}]"


def measure_latency(model: nn.Module, example: Any, *, repeats: int = 30, warmup: int = 5, threads: int = 1) -> Latency:
    """Time forwards in evaluation mode, without gradients.

    Args:
        model: any module; mode, random state and torch's number of threads are as before afterwards.
        example: its input, as :func:`burnish.models.count` takes it.
        repeats: forwards that are timed.
        warmup: forwards before them that are not.
        threads: CPU threads of torch meanwhile; 1 gives the steadiest numbers.

    Raises:
        InputError: fewer than 2 repeats, a negative warm-up, fewer than 1 thread, or a model on the meta device.

    >>> measure_latency(nn.Linear(8, 8), torch.zeros(1, 8), repeats=5).repeats
    5
    """
    if repeats < 2 or warmup < 0 or threads < 1:
        raise InputError(
            "repeats must be at least 2, warmup at least 0 and threads at least 1, "
            f"got {repeats}, {warmup} and {threads}"
        )
    arguments, keywords = call_arguments(model, example)
    leaves = (*model.parameters(), *torch.utils._pytree.tree_leaves(arguments))
    device = next((leaf.device for leaf in leaves if isinstance(leaf, Tensor)), torch.device("cpu"))
    if device.type == "meta":
        raise InputError(
            "a model on the meta device computes nothing: build it on a real device to measure its latency"
        )
    with preserved_rng(), evaluating(model), _threads(threads):
        for _ in range(warmup):
            model(*arguments, **keywords)
        times = [_timed(model, arguments, keywords, device) for _ in range(repeats)]
    low, median, high = statistics.quantiles(times, n=4)
    return Latency(median, low, high, repeats, threads, str(device))


def _timed(model: nn.Module, arguments: tuple[Any, ...], keywords: dict[str, Any], device: torch.device) -> float:
    _wait(device)
    start = time.perf_counter()
    model(*arguments, **keywords)
    _wait(device)
    return (time.perf_counter() - start) * 1e3


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
