"""Measured time of one forward."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
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
    """Milliseconds of one forward: the median over ``repeats``, between the lower and the upper quartile.

    On one thread of a CPU they are the thread's CPU time, which is the latency without what others do on the machine;
    on several threads, or on another device, they are wall time.
    """

    median: float
    low: float
    high: float
    repeats: int
    threads: int
    device: str

    def __str__(self) -> str:
        return f"{self.median:.3g} ms [{self.low:.3g}, {self.high:.3g}]"


def measure_latency(
    model: nn.Module, example: Any, *, repeats: int = 30, warmup: int = 5, threads: int = 1, seconds: float = 20.0
) -> Latency:
    """Time forwards in evaluation mode, without gradients.

    Args:
        model: any module; mode, random state and torch's number of threads are as before afterwards.
        example: its input, as :func:`burnish.models.count` takes it.
        repeats: forwards that are timed.
        warmup: forwards before them that are not.
        threads: CPU threads of torch meanwhile; 1 gives the steadiest numbers.
        seconds: after so long there are fewer repeats, but at least 3.

    Raises:
        InputError: fewer than 2 repeats, a negative warm-up, fewer than 1 thread, or a model on the meta device.

    >>> measure_latency(nn.Linear(8, 8), torch.zeros(1, 8), repeats=5).repeats
    5
    """
    return _in_turns((model,), example, repeats, warmup, threads, seconds)[1][0]


def compare_latency(
    first: nn.Module, second: nn.Module, example: Any, *, repeats: int = 30, threads: int = 1, seconds: float = 20.0
) -> tuple[float, Latency, Latency]:
    """How long the second model takes for what takes the first one 1.

    They take turns, forward by forward, and ratios are taken within a turn, since machines drift.

    Args:
        first: what is compared with.
        second: what is compared.
        example: the input of both.
        repeats: turns that are timed.
        threads: as for :func:`measure_latency`.
        seconds: as for :func:`measure_latency`.

    Returns:
        The median of the ratios, and the latency of each.

    >>> large = nn.Sequential(*[nn.Linear(256, 256) for _ in range(8)])
    >>> compare_latency(large, large[:2], torch.zeros(64, 256), repeats=5)[0] < 1
    True
    """
    times, (one, two) = _in_turns((first, second), example, repeats, 5, threads, seconds)
    return statistics.median(b / a for a, b in zip(*times, strict=True)), one, two


def _in_turns(
    models: Sequence[nn.Module], example: Any, repeats: int, warmup: int, threads: int, seconds: float
) -> tuple[list[list[float]], list[Latency]]:
    """Milliseconds of every turn of every model; the order turns round from turn to turn."""
    if repeats < 2 or warmup < 0 or threads < 1:
        raise InputError(
            "repeats must be at least 2, warmup at least 0 and threads at least 1, "
            f"got {repeats}, {warmup} and {threads}"
        )
    called = [(model, *call_arguments(model, example)) for model in models]
    leaves = (*models[0].parameters(), *torch.utils._pytree.tree_leaves(called[0][1]))
    device = next((leaf.device for leaf in leaves if isinstance(leaf, Tensor)), torch.device("cpu"))
    if device.type == "meta":
        raise InputError(
            "a model on the meta device computes nothing: build it on a real device to measure its latency"
        )
    clock = _clock(device, threads)
    times: list[list[float]] = [[] for _ in models]
    with ExitStack() as stack:
        stack.enter_context(preserved_rng())
        for model in models:
            stack.enter_context(evaluating(model))
        stack.enter_context(_threads(threads))
        end = time.perf_counter() + seconds
        for turn in range(-warmup, repeats):
            late = time.perf_counter() > end
            if late and (turn < -1 or len(times[0]) >= _FEWEST):
                continue
            for place in range(len(models)) if turn % 2 else reversed(range(len(models))):
                model, arguments, keywords = called[place]
                started = clock()
                model(*arguments, **keywords)
                spent = clock() - started
                if turn >= 0:
                    times[place].append(spent * 1e3)
    found = []
    for own in times:
        low, median, high = statistics.quantiles(own, n=4)
        found.append(Latency(median, low, high, len(own), threads, str(device)))
    return times, found


_FEWEST = 3


def _clock(device: torch.device, threads: int) -> Callable[[], float]:
    """Seconds, after all that was asked of the device is done."""
    if device.type == "cuda":

        def synchronized() -> float:
            torch.cuda.synchronize(device)
            return time.perf_counter()

        return synchronized
    fine = time.get_clock_info("thread_time").resolution < 1e-6  # Windows counts it in ticks of 16 ms
    return time.thread_time if device.type == "cpu" and threads == 1 and fine else time.perf_counter


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
