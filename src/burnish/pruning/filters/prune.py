"""Cut whole filters out of any model, for a share of them or down to a cost."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.pruning.filters.costs import Cost
from burnish.pruning.filters.plan import Plan, Scope, largest_ratio, plan
from burnish.pruning.filters.pruned import Layer, Pruned
from burnish.pruning.filters.search import search
from burnish.pruning.graph.graph import Graph
from burnish.pruning.graph.group import Group
from burnish.pruning.graph.surgery import remove_all_
from burnish.pruning.graph.tracing import trace

Score = Callable[[nn.Module, Sequence[Group]], Mapping[str, Tensor]]
"""From a model and its groups to one number a channel ``(channels,)`` by name of the group, higher for what stays."""


def prune_filters(
    model: nn.Module,
    example: Any,
    score: Score,
    *,
    ratio: float | None = None,
    target: tuple[Cost, float] | None = None,
    scope: Scope = "uniform",
    round_to: int = 8,
    ignore: Sequence[str] = (),
    ratios: Mapping[str, float] | None = None,
    threads: int = 1,
) -> Pruned:
    """Remove the filters of lowest score, with everything that goes with them.

    Args:
        model: any module that can run with the example; it is left as it was.
        example: its input.
        score: what every channel is worth, see :mod:`burnish.pruning.criteria`.
        ratio: share of the channels that go.
        target: a cost and the share of it that may stay, such as ``("latency", 0.5)``, instead of a ratio. A latency is
            measured, on this machine.
        scope: ``uniform``: the same share everywhere; ``global``: all channels compete.
        round_to: what stays is rounded up to a multiple of this.
        ignore: modules that keep all their outputs.
        ratios: shares of single layers.
        threads: CPU threads while a latency is measured.

    Raises:
        InputError: nothing can be cut (with the reasons), nothing would be, both or neither of ratio and target, or a
            target that cannot be reached (the limit is named).

    >>> import torch
    >>> net = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2))
    >>> def first(model, groups):
    ...     return {group.name: -torch.arange(group.count) for group in groups}
    >>> prune_filters(net, torch.zeros(1, 4), first, ratio=0.5).layers
    (Layer(name='0', before=6, after=3),)
    """
    if (ratio is None) == (target is None):
        raise InputError("give a ratio of channels, or a target such as ('latency', 0.5): one of the two")
    graph = trace(model, example)
    groups = graph.groups(ignore)
    if not groups:
        raise InputError(_nothing(model, graph, ignore))
    scores = score(model, groups)

    def planned(share: float) -> Plan:
        return plan(groups, scores, share, scope=scope, round_to=round_to, ratios=ratios)

    if target is not None:
        found = search(model, example, groups, scores, planned, *target, largest=largest_ratio(groups), threads=threads)
        chosen, reached, share = found.plan, found.ratio, (target[0], found.share)
    else:
        assert ratio is not None
        chosen, reached, share = planned(ratio), ratio, None
    if not chosen:
        raise InputError(
            f"nothing would be removed: {reached:.3g} of {min(group.count for group in groups)} to "
            f"{max(group.count for group in groups)} channels, rounded up to multiples of {round_to}, is none; "
            "ask for more, or for a smaller rounding"
        )
    cut = copy.deepcopy(model)
    named = {group.name: group for group in groups}
    steps = remove_all_(cut, [(named[name], channels) for name, channels in chosen.items()])
    layers = tuple(
        Layer(g.name, g.count * g.granularity, (g.count - len(chosen.get(g.name, ()))) * g.granularity) for g in groups
    )
    return Pruned(cut, steps, chosen, reached, layers, tuple(graph.refusals), share)


def _nothing(model: nn.Module, graph: Graph, ignore: Sequence[str]) -> str:
    if graph.groups():
        return f"nothing is left to remove: every layer that could be narrowed is in ignore ({', '.join(ignore)})"
    reasons = "; ".join(str(refusal) for refusal in graph.refusals[:3])
    why = f": {reasons}" if reasons else ": all its channels are those of its inputs or outputs"
    return f"nothing can be removed from {type(model).__name__}{why}"
