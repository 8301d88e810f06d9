"""Prune a plain module, without data sets and runs."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from burnish.common.errors import InputError
from burnish.pruning.filters.costs import cost
from burnish.verbs.prune import Prune
from burnish.verbs.pruning.cutting import check, cut
from burnish.verbs.pruning.measures import file_bytes, latency_of


@dataclass(frozen=True)
class PrunedModule:
    """A pruned copy of a module.

    Attributes:
        model: the copy; weights that were removed singly are masked until :func:`burnish.pruning.weights.bake_`.
        steps: what was cut, as plain data.
        report: plain data: ``before`` and ``after`` with parameters, multiply-adds, bytes and measured milliseconds,
            and what stayed of every layer.
    """

    model: nn.Module = field(repr=False)
    steps: list[Any] = field(repr=False)
    report: dict[str, Any]


def prune_module(
    model: nn.Module,
    example: Any,
    options: Prune,
    *,
    batches: Any = None,
    task: Any = None,
    finetune: Callable[[nn.Module], Any] | None = None,
) -> PrunedModule:
    """Cut a copy of a module, and train it where a way to do so is given.

    Raises:
        InputError: options that are for runs, or what cutting raises.
    """
    check(options)
    if options.max_drop is not None or options.rounds != 1 or options.sensitivity:
        raise InputError(
            "max_drop, rounds and sensitivity score a run on its data: prune a run, or call this in a loop"
        )
    if any(parameter.is_meta for parameter in model.parameters()):
        raise InputError("the model is on the meta device and has no weights to choose from: build it on a real device")
    threads = options.threads or 1
    before = _costs(model, example, threads)
    working = copy.deepcopy(model).eval()
    found = cut(working, example, options, batches, task)
    if finetune is not None:
        finetune(found.model)
    for now, was in zip(found.model.modules(), model.modules(), strict=False):
        if type(now) is type(was):
            now.training = was.training
    after = _costs(found.model, example, threads)
    report = {"level": options.level, **found.report, "before": before, "after": after}
    return PrunedModule(found.model, list(found.stage["steps"]), report)


def _costs(model: nn.Module, example: Any, threads: int) -> dict[str, Any]:
    latency = latency_of(model, example, threads)
    return {
        "parameters": int(cost(model, example, "parameters")),
        "macs": int(cost(model, example, "macs")),
        "bytes": file_bytes(model),
        "latency_ms": {"median": latency.median, "low": latency.low, "high": latency.high},
        "threads": threads,
    }
