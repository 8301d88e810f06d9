"""Widths that a forward takes for equal: ``x.view(batch, length, channels)`` asks as many of the heads as x has.

Such a width is a plain number by the time that an operator sees it. Where a cut of either alone fails, both are taken
for the same channels: a head then goes together with as many channels of the residual stream as it is wide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from burnish.pruning.graph.atoms import Dim, Ids
from burnish.pruning.graph.following.record import LAYOUT, Record, Run
from burnish.pruning.graph.graph import Graph, groups_of
from burnish.pruning.graph.group import Group
from burnish.pruning.graph.rules.reshaping import merged
from burnish.pruning.graph.settling.trial import MismatchError, Trial

GoesFurther = Callable[[MismatchError, Callable[[], list[Group]]], bool]


def tie(trial: Trial, fault: MismatchError, around: list[Record], goes_further: GoesFurther) -> bool:
    """Unite a width that a view asks for with one that its module was given, if the model then runs further.

    Args:
        trial: of the model; channels are united in its graph.
        fault: where a cut of all groups failed.
        around: the operators of which one is at fault.
        goes_further: whether something else helps at a fault of some groups, once the channels are one.
    """
    graph, free = trial.graph, groups_of(trial.graph)
    alone: dict[str, MismatchError | None] = {}
    for asked, width in _pairs(graph, trial.runs[fault.at[0]], around):
        owners = _owners(free, graph, asked), _owners(free, graph, width)
        names = [{group.name for group in own} for own in owners]
        if not all(owners) or names[0] & names[1]:
            continue
        for group in (*owners[0], *owners[1]):
            if group.name not in alone:
                alone[group.name] = trial.fault_alone(group)
        faults = [alone[name] for name in names[0] | names[1]]
        if None in faults:
            continue
        before = graph.atoms.saved()
        graph.atoms.unite(asked, width)
        if _is_free(graph, asked):

            def united(asked: Ids = asked) -> list[Group]:
                return _owners(groups_of(graph), graph, asked)

            at = max(one.at for one in faults if one)
            after = trial.fault(united(), beyond=at)
            if after is None or after.at > at or (after.at[:2] == at[:2] and goes_further(after, united)):
                return True
        graph.atoms.restore(before)
    return False


def _pairs(graph: Graph, run: Run, around: list[Record]) -> Iterator[tuple[Ids, Ids]]:
    """Each width that a view asks for, with each of as many channels that its module was given, all different."""
    seen: set[tuple[bytes, bytes]] = set()
    for record in around:
        asked = list(_asked(graph, record))
        sizes = {dim.shape[1] for dim in asked}
        widths = _widths(graph, run, record, sizes) if asked else []
        for dim in asked:
            for width in widths:
                rows = graph.atoms.resolve(dim)
                if rows is None or rows.shape[1] != width.shape[1]:
                    continue
                key = (rows.tobytes(), width.tobytes())
                if key[0] != key[1] and key not in seen:
                    seen.add(key)
                    yield dim, width


def _asked(graph: Graph, record: Record) -> Iterator[Ids]:
    """Neighbouring dimensions of what a view returned, as one."""
    if record.operation.overloadpacket not in LAYOUT:
        return
    for labels, shape in zip(record.outputs, record.shapes, strict=True):
        for start in range(len(shape)):
            for end in range(start + 1, len(shape) + 1):
                dim = merged(graph.atoms, labels[start:end], shape[start:end])
                if all(found is not None for found in labels[start:end]) and dim is not None:
                    yield dim


def _widths(graph: Graph, run: Run, before: Record, sizes: set[int]) -> list[Ids]:
    """Channels of some numbers that the running module has seen until an operator, those that it was given first."""
    module = before.modules[-1:]
    found: dict[bytes, Ids] = {}
    for record in run.records:
        if record is before:
            break
        if module and module[0] not in record.modules:
            continue
        for dim in (dim for labels in record.inputs for dim in labels if dim is not None and dim.shape[1] in sizes):
            rows = graph.atoms.resolve(dim)
            if rows is not None:
                found.setdefault(rows.tobytes(), rows)
    return list(found.values())


def _owners(groups: list[Group], graph: Graph, dim: Dim) -> list[Group]:
    """Those of the groups that have channels along a dimension."""
    rows = graph.atoms.resolve(dim)
    return [] if rows is None else [group for group in groups if np.isin(group.atoms.numpy(), rows).any()]


def _is_free(graph: Graph, dim: Dim) -> bool:
    """Whether some channels along a dimension can go while others stay."""
    rows = graph.atoms.resolve(dim)
    return rows is not None and bool((rows != rows[:, :1]).any())
