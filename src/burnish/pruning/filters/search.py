"""The smallest cut that reaches a target."""

from __future__ import annotations

import bisect
import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.models.latency import compare_latency
from burnish.pruning.filters.costs import Cost, cost
from burnish.pruning.filters.plan import Plan
from burnish.pruning.graph.group import Group
from burnish.pruning.graph.shell import moved, shell
from burnish.pruning.graph.surgery import remove_all_

_HALVINGS = {"parameters": 12, "macs": 10, "size": 12, "latency": 6}
_PATIENCE = 6


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
    scores: Mapping[str, Tensor],
    planned: Callable[[float], Plan],
    kind: Cost,
    target: float,
    *,
    largest: float,
    threads: int = 1,
) -> Found:
    """Halve the interval of ratios until the cost is just below the target.

    At one ratio many layers lose channels at once, those of one width and rounding. Between the last cut that costs too
    much and the first that does not, layers are therefore cut one after another, the weakest channels first. A latency
    is measured against the whole model in turns, and the cut that was found is measured again; where it does not hold,
    a little more goes.

    Args:
        model: what would be cut; it is left as it was.
        example: its input.
        groups: of the model.
        scores: one number a channel by name of the group, higher for what should stay.
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

    def share_of(plan: Plan) -> float:
        key = str(sorted((name, len(channels)) for name, channels in plan.items()))
        if not plan:
            return 1.0
        if key not in known:
            known[key] = _share(model, example, groups, plan, kind, whole, threads)
        return known[key]

    least = share_of(planned(largest))
    if least > target:
        raise InputError(
            f"{kind} cannot go down to {target:.3g} of the whole: when all that can be cut is cut, {least:.3g} of it "
            "stay; ask for more than that, ignore less, or round to less"
        )
    low, high = 0.0, largest
    for _ in range(_HALVINGS[kind]):
        middle = (low + high) / 2
        if share_of(planned(middle)) > target:
            low = middle
        else:
            high = middle
    chosen, later = _between(planned(low), planned(high), scores, share_of, target)
    share = share_of(chosen)
    if kind == "latency":
        step = (largest - high) / 16
        later += [planned(min(largest, high + step * number)) for number in range(1, _PATIENCE)]
        for plan in (chosen, *later):
            chosen, share = plan, _share(model, example, groups, plan, kind, None, threads, repeats=60)
            if share <= target:
                break
    return Found(chosen, high, share)


def _between(
    small: Plan, large: Plan, scores: Mapping[str, Tensor], share_of: Callable[[Plan], float], target: float
) -> tuple[Plan, list[Plan]]:
    """The smallest of the cuts between one that is too small and one that is enough.

    Groups are cut as in the larger one by one, the weakest channels first. One group may save far more than is needed:
    then the next ones are tried in its place.

    Returns:
        The cut, and larger ones in order.

    >>> import torch
    >>> scores = {name: torch.arange(4) for name in "abc"}
    >>> costs = lambda plan: 1 - sum({"a": 0.1, "b": 0.6, "c": 0.3}[name] for name in plan)
    >>> _between({}, {"a": [0], "b": [0], "c": [0]}, scores, costs, 0.65)[0]
    {'a': [0], 'c': [0]}
    """

    def strength(name: str) -> float:
        own = scores[name].double()
        extra = own[sorted(set(large[name]) - set(small.get(name, ())))]
        return float(extra.mean() / own.abs().mean().clamp(min=1e-30))

    names = sorted((name for name in large if large[name] != small.get(name)), key=strength)
    plans = [dict(small)]
    for name in names:
        plans.append({**plans[-1], name: large[name]})
    place = bisect.bisect_left(range(1, len(names)), True, key=lambda number: share_of(plans[number]) <= target) + 1
    best, current = plans[min(place, len(names))], plans[place - 1]
    for name in names[place : place + _PATIENCE]:
        instead = {**current, name: large[name]}
        if share_of(instead) > target:
            current = instead
        elif share_of(instead) > share_of(best):
            best = instead
    return best, plans[place:]


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
