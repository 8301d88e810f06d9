"""What a model is and does, in the numbers that stand beside each other before and after a cut."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from torch import nn

from burnish.data.loaders.loader import Loader
from burnish.models.latency import Latency, measure_latency
from burnish.pruning.filters.costs import cost
from burnish.tasks.task import Task


def measure(model: nn.Module, task: Task, batches: Loader | None, batch_size: int, threads: int = 1) -> dict[str, Any]:
    """Parameters, multiply-adds of one sample, bytes of its file, measured milliseconds, and scores.

    Args:
        model: takes raw inputs, as :class:`burnish.tasks.task.Task` gives them.
        task: what it is scored on.
        batches: the split that is scored, or None.
        batch_size: of the second latency; the first is of one sample.
        threads: CPU threads while latencies are measured.

    Returns:
        Plain data.
    """
    one = task.example(1)
    latencies = {str(size): latency_of(model, task.example(size), threads) for size in (1, batch_size)}
    return {
        "parameters": int(cost(model, one, "parameters")),
        "macs": int(cost(model, one, "macs")),
        "bytes": file_bytes(model),
        "latency_ms": {size: {"median": x.median, "low": x.low, "high": x.high} for size, x in latencies.items()},
        "threads": threads,
        "metrics": {} if batches is None else {n: vars(e) for n, e in task.evaluate(model, batches).metrics.items()},
    }


def latency_of(model: nn.Module, example: Any, threads: int) -> Latency:
    """Many forwards: a burst of other work on the machine must not decide which of two models looks faster."""
    return measure_latency(model, example, repeats=100, threads=threads, seconds=10)


def file_bytes(model: nn.Module) -> int:
    """How large the file of a model's weights is, stored sparse where that is smaller."""
    from burnish.pruning.weights import save_sparse

    with TemporaryDirectory() as folder:
        return save_sparse(model, Path(folder) / "model.safetensors")
