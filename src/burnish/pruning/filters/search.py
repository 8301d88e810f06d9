"""The smallest cut that reaches a target."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from burnish.common.errors import InputError
from burnish.models.latency import compare_latency
from burnish.pruning.filters.costs import Cost, cost
from burnish.pruning.filters.plan import Plan
from burnish.pruning.graph.group import Group
from burnish.pruning.graph.shell import moved, shell
from burnish.pruning.graph.surgery import remove_all_

_HALVINGS = {"parameters": 12, "macs": 10, "size": 12, "latency": 6}
_PATIENCE = 3


@dataclass(frozen=True)
class Found:
    """A plan, the ratio that led to it, and the share of the cost that it leaves."""

    plan: Plan
    ratio: float
    share: float


def search(
    model: nn.Module,
    example: Any,
    groups: Sequence[Group],
    planned: Callable[[float], Plan],
    kind: Cost,
    target: float,
    *,
    largest: float,
    threads: int = 1,
) -> Found:
    """Halve the interval of ratios until the cost is just below the target.

    A latency is measured against the whole model in turns, and the cut that was found is measured again; where it does
    not hold, a little more goes.

    Args:
        model: what would be cut; it is left as it was.
        example: its input.
        groups: of the model.
        planned: from a ratio to the channels that go.
        kind: what is to become less.
        target: share of it that may stay, in (0, 1).
        largest: the ratio beyond which nothing more can go.
        threads: CPU threads while a latency is measured.

    Raises:
        InputError: the target lies outside (0, 1), or below what the largest cut leaves, which is named.
    """
    if not 0 < target < 1:
        raise InputError(f"a target must lie in (0, 1), got {target:g}: {kind} 0.5 keeps half")
    known: dict[str, float] = {}
    whole = None if kind == "latency" else cost(shell(model), moved(example, "meta"), kind)

    def share_of(ratio: float) -> float:
        plan = planned(ratio)
        key = str(sorted((name, len(channels)) for name, channels in plan.items()))
        if not plan:
            return 1.0
        if key not in known:
            known[key] = _share(model, example, groups, plan, kind, whole, threads)
        return known[key]

    least = share_of(largest)
    if least > target:
        raise InputError(
            f"{kind} cannot go down to {target:.3g} of the whole: when all that can be cut is cut, {least:.3g} of it "
            "stay; ask for more than that, ignore less, or round to less"
        )
    low, high = 0.0, largest
    for _ in range(_HALVINGS[kind]):
        middle = (low + high) / 2
        if share_of(middle) > target:
            low = middle
        else:
            high = middle
    share = share_of(high)
    if kind == "latency":
        step = (largest - high) / 16
        for _ in range(_PATIENCE):
            share = _share(model, example, groups, planned(high), kind, None, threads, repeats=60)
            if share <= target:
                break
            high = min(largest, high + step)
    return Found(planned(high), high, share)


def _share(
    model: nn.Module,
    example: Any,
    groups: Sequence[Group],
    plan: Plan,
    kind: Cost,
    whole: float | None,
    threads: int,
    repeats: int = 20,
) -> float:
    named = {group.name: group for group in groups}
    removals = [(named[name], channels) for name, channels in plan.items()]
    if whole is None:
        cut = copy.deepcopy(model)
        remove_all_(cut, removals)
        return compare_latency(model, cut, example, repeats=repeats, threads=threads)[0]
    cut = shell(model)
    remove_all_(cut, removals)
    return cost(cut, moved(example, "meta"), kind) / whole
