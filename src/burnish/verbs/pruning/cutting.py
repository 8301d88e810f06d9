"""One cut of a model, at the level that was asked for."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from torch import nn

from burnish.common.errors import InputError
from burnish.runs.surgery import Stage
from burnish.verbs.prune import Prune

_TARGETS = {"latency": "latency", "macs": "macs", "params": "parameters", "size": "size"}
_DEFAULT = {"filter": "l2", "layer": "similarity", "weight": "magnitude"}


@dataclass(frozen=True)
class Cut:
    """A cut copy of a model, the stage that rebuilds it, and what a report says of it."""

    model: nn.Module
    stage: Stage
    report: dict[str, Any]


def check(options: Prune) -> None:
    """Refuse options that do not go together.

    Raises:
        InputError: no target, two, or one of another level.
    """
    level = options.level
    targets = [name for name in (*_TARGETS, "ratio", "sparsity", "pattern") if getattr(options, name) is not None]
    fitting = {"filter": (*_TARGETS, "ratio"), "layer": ("params", "ratio"), "weight": ("sparsity", "pattern")}[level]
    for name in targets:
        if name not in fitting:
            raise InputError(f"--{name} is no target of level {level}: it takes {', '.join(fitting)}")
    if options.max_drop is not None and targets:
        raise InputError(f"max_drop finds out how much can go: leave out {targets[0]}")
    if options.max_drop is None and not options.sensitivity and len(targets) != 1:
        got = " and ".join(targets) or "none"
        raise InputError(f"pruning needs one target, got {got}: --{fitting[0]} 0.5 is one of level {level}")
    for name in (*_TARGETS, "ratio", "sparsity"):
        value = getattr(options, name)
        if value is not None and not 0 < value < 1:
            raise InputError(f"{name} must lie in (0, 1), got {value:g}: 0.5 is a half")
    if options.rounds < 1 or options.calibration < 1 or options.round_to < 1:
        raise InputError("rounds, calibration and round_to must be at least 1")
    if options.max_drop is not None and not options.max_drop > 0:
        raise InputError(f"max_drop must be positive, got {options.max_drop:g}: it is in points, 0.5 of 100")
    if not 0 <= options.distill < 1:
        raise InputError(f"distill must lie in [0, 1), got {options.distill:g}: it is a share of the loss")


def cut(model: nn.Module, example: Any, options: Prune, batches: Iterable[Any] | None, task: Any) -> Cut:
    """Cut a copy of a model.

    Args:
        model: left as it was.
        example: its input, in the batch that a latency is measured with.
        options: level, criterion and target.
        batches: what criteria look at.
        task: whose loss criteria look at.

    Raises:
        InputError: a criterion that is not known or lacks data, nothing to cut, or a target that cannot be reached.
    """
    criterion = options.criterion or _DEFAULT[options.level]
    if options.level == "filter":
        return _filters(model, example, options, criterion, batches, task)
    if options.level == "layer":
        return _layers(model, example, options, criterion, batches, task)
    return _weights(model, options, criterion, batches, task)


def _filters(model: nn.Module, example: Any, options: Prune, criterion: str, batches: Any, task: Any) -> Cut:
    from burnish.pruning.criteria import create, score_groups
    from burnish.pruning.filters.prune import prune_filters

    seeded = create(criterion, seed=options.seed) if criterion == "random" else create(criterion)
    target = next(
        ((cost, getattr(options, name)) for name, cost in _TARGETS.items() if getattr(options, name) is not None), None
    )
    pruned = prune_filters(
        model,
        example,
        lambda module, groups: score_groups(module, groups, seeded, batches=batches, task=task),
        ratio=options.ratio,
        target=target,  # type: ignore[arg-type]
        scope=options.scope or "uniform",
        round_to=options.round_to,
        ignore=options.ignore,
        threads=options.threads or 1,
    )
    report = {"criterion": criterion, **pruned.report()}
    return Cut(pruned.model, {"level": "filter", "steps": pruned.steps}, report)


def _layers(model: nn.Module, example: Any, options: Prune, criterion: str, batches: Any, task: Any) -> Cut:
    from burnish.pruning.layers import prune_layers

    copied = copy.deepcopy(model)
    found = prune_layers(
        copied,
        example,
        criterion,
        parameters=options.params,
        ratio=options.ratio,
        ignore=options.ignore,
        batches=batches,
        task=task,
        seed=options.seed,
    )
    return Cut(copied, {"level": "layer", "steps": found.steps}, {"criterion": criterion, **found.report()})


def _weights(model: nn.Module, options: Prune, criterion: str, batches: Any, task: Any) -> Cut:
    from burnish.pruning.weights import sparsify_

    copied = copy.deepcopy(model)
    found = sparsify_(
        copied,
        options.sparsity,
        scope="layer" if options.scope == "uniform" else "global",
        pattern=options.pattern,
        criterion=criterion,  # type: ignore[arg-type]
        ignore=options.ignore,
        task=task if criterion == "taylor" else None,
        batches=batches if criterion == "taylor" else None,
        seed=options.seed,
    )
    layers = [{"name": at.name, "before": at.weights, "after": at.weights - at.removed} for at in found.layers]
    report = {"criterion": criterion, "sparsity": round(found.sparsity, 4), "layers": layers}
    masked = [layer.name for layer in found.layers if layer.removed]
    return Cut(copied, {"level": "weight", "steps": masked}, report)


def part_of(options: Prune, number: int, rounds: int) -> Prune:
    """The target of round ``number`` of ``rounds``: a share of what the round before left, or a sparsity so far.

    >>> part_of(Prune(macs=0.25), 1, 2).macs, part_of(Prune(sparsity=0.75), 1, 2).sparsity
    (0.5, 0.5)
    """
    if rounds == 1:
        return options
    changes: dict[str, Any] = {}
    for name in _TARGETS:
        if (value := getattr(options, name)) is not None:
            changes[name] = value ** (1 / rounds)
    if options.ratio is not None:
        changes["ratio"] = 1 - (1 - options.ratio) ** (1 / rounds)
    if options.sparsity is not None:  # weights that went before count as well
        changes["sparsity"] = 1 - (1 - options.sparsity) ** (number / rounds)
    return replace(options, **changes)
