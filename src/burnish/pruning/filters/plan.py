"""Which channels of which group go, for a share of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor

from burnish.common.errors import InputError, did_you_mean
from burnish.pruning.graph.group import Group

Scope = Literal["uniform", "global"]
Plan = dict[str, list[int]]
"""By name of a group: the numbers of the channels that go."""

FEWEST = 0.1
"""Share of every group that stays when groups compete: a layer that is cut to a thread cuts off all the others."""


def plan(
    groups: Sequence[Group],
    scores: Mapping[str, Tensor],
    ratio: float,
    *,
    scope: Scope = "uniform",
    round_to: int = 8,
    ratios: Mapping[str, float] | None = None,
) -> Plan:
    """Choose the channels of lowest score.

    Args:
        groups: of the model.
        scores: one number a channel by name of the group, higher for what should stay; comparable between groups where
            they compete.
        ratio: share of the channels that go, in [0, 1).
        scope: ``uniform``: that share of every group; ``global``: of all channels together, with at least a tenth of
            every group left.
        round_to: what stays is rounded up to a multiple of this, as hardware likes it; groups that are no larger are
            not rounded. 1 for none.
        ratios: shares of single groups, by name or by a module that makes their channels.

    Returns:
        Only groups that lose something.

    Raises:
        InputError: a ratio outside [0, 1), or a name in ``ratios`` that is that of no group.

    >>> from burnish.pruning.graph.tracing import groups as groups_of
    >>> net = torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.Linear(6, 2))
    >>> plan(groups_of(net, torch.zeros(1, 4)), {"0": torch.tensor([3.0, 1, 2, 6, 5, 4])}, 0.5)
    {'0': [1, 2, 0]}
    """
    own = _own_ratios(groups, ratios or {})
    for share in (ratio, *own.values()):
        if not 0 <= share < 1:
            raise InputError(f"a pruning ratio must lie in [0, 1), got {share:g}: 0.5 removes half of the channels")
    removed = _competing(groups, scores, ratio, own) if scope == "global" else {}
    found: Plan = {}
    for group in groups:
        share = own.get(group.name, ratio)
        wanted = removed.get(group.name, math.floor(share * group.count + 1e-9))
        kept = _rounded(group, group.count - wanted, round_to)
        if kept < group.count:
            order = scores[group.name].argsort(stable=True)
            found[group.name] = order[: group.count - kept].tolist()
    return found


def _own_ratios(groups: Sequence[Group], ratios: Mapping[str, float]) -> dict[str, float]:
    names = {name: group.name for group in groups for name in (*group.producers, group.name)}
    for name in ratios:
        if name not in names:
            raise InputError(f"'{name}' makes no channels that can go{did_you_mean(name, names)}")
    return {names[name]: ratio for name, ratio in ratios.items()}


def _competing(
    groups: Sequence[Group], scores: Mapping[str, Tensor], ratio: float, own: Mapping[str, float]
) -> dict[str, int]:
    """How many channels each group loses when all compete."""
    free = [group for group in groups if group.name not in own]
    total = sum(group.count for group in free)
    if not total:
        return {}
    spare = [group.count - max(1, math.ceil(FEWEST * group.count)) for group in free]
    # Only the weakest of each group can go, so that none falls below its floor.
    offered = torch.cat([scores[g.name].sort().values[:most] for g, most in zip(free, spare, strict=True)])
    owner = torch.cat([torch.full((most,), number) for number, most in enumerate(spare)])
    going = owner[offered.argsort(stable=True)[: math.floor(ratio * total + 1e-9)]]
    counts = torch.bincount(going, minlength=len(free)).tolist()
    return {group.name: count for group, count in zip(free, counts, strict=True)}


def _rounded(group: Group, kept: int, round_to: int) -> int:
    kept = max(1, kept)
    if group.granularity > 1 or group.count <= round_to:
        return kept
    return min(group.count, math.ceil(kept / round_to) * round_to)


def largest_ratio(groups: Sequence[Group]) -> float:
    """The share at which every group is down to its last channel.

    >>> largest_ratio(())
    0.0
    """
    return max((1 - 1 / group.count for group in groups), default=0.0)
