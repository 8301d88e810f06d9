"""Widths that a forward takes for equal: ``x.view(batch, length, channels)`` asks as many of the heads as x has.

Such a width is a plain number by the time that an operator sees it. Where a cut of either alone fails, both are taken
for the same channels: a head then goes together with as many channels of the residual stream as it is wide.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

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
    graph, run, free = trial.graph, trial.runs[fault.at[0]], groups_of(trial.graph)
    alone: dict[str, MismatchError | None] = {}
    for pair in _pairs(graph, run, around):
        at = _where_either_fails(trial, free, pair, alone)
        if at is None:
            continue
        likewise = list(_likewise(trial, run, pair))
        before = graph.atoms.saved()
        graph.atoms.unite(pair.asked, pair.width)
        if _is_free(graph, pair.asked):

            def united(asked: Ids = pair.asked) -> list[Group]:
                return _owners(groups_of(graph), graph, asked)

            after = trial.fault(united(), beyond=at)
            if after is None or after.at > at or (after.at[:2] == at[:2] and goes_further(after, united)):
                _unite_likewise(trial, likewise, at)
                return True
        graph.atoms.restore(before)
    return False


def _where_either_fails(
    trial: Trial, free: list[Group], pair: _Pair, alone: dict[str, MismatchError | None]
) -> tuple[int, int, int] | None:
    """The place that is reached at most where either of two widths is cut alone; None where one of them can be."""
    asked, width = (
        {group.name: group for group in _owners(free, trial.graph, dim)} for dim in (pair.asked, pair.width)
    )
    if not asked or not width or asked.keys() & width.keys():
        return None
    faults = []
    for name, group in {**asked, **width}.items():
        if name not in alone:
            alone[name] = trial.fault_alone(group)
        faults.append(alone[name])
    return None if None in faults else max(fault.at for fault in faults if fault)


def _unite_likewise(trial: Trial, pairs: list[_Pair], at: tuple[int, int, int]) -> None:
    """The same in all modules of the class at once, if that goes well: there may be dozens of them."""
    graph = trial.graph
    before = graph.atoms.saved()
    for pair in pairs:
        graph.atoms.unite(pair.asked, pair.width)
    together = [group for group in groups_of(graph) if any(_owners([group], graph, pair.asked) for pair in pairs)]
    after = trial.fault(together, beyond=at)
    if not all(_is_free(graph, pair.asked) for pair in pairs) or (after is not None and after.at <= at):
        graph.atoms.restore(before)


@dataclass(frozen=True)
class _Pair:
    """A width that a view asks for, and channels that its module was given.

    Attributes:
        asked: neighbouring dimensions of the view's output, as one.
        width: as many channels.
        record: the view.
        places: which of those that it asks for, and which of those that the module was given.
    """

    asked: Ids
    width: Ids
    record: Record
    places: tuple[int, int]


def _pairs(graph: Graph, run: Run, around: list[Record]) -> Iterator[_Pair]:
    """Each width that a view asks for, with each of as many channels that its module was given, all different."""
    seen: set[tuple[bytes, bytes]] = set()
    for record in around:
        asked = list(_asked(graph, record))
        widths = _widths(graph, run, record, {dim.shape[1] for dim in asked}) if asked else []
        for first, dim in enumerate(asked):
            rows = graph.atoms.resolve(dim)
            for second, width in enumerate(widths):
                if rows is None or rows.shape[1] != width.shape[1]:
                    continue
                key = (rows.tobytes(), width.tobytes())
                if key[0] != key[1] and key not in seen:
                    seen.add(key)
                    yield _Pair(dim, width, record, (first, second))


def _likewise(trial: Trial, run: Run, pair: _Pair) -> Iterator[_Pair]:
    """The pair in the same place of the other modules of its class."""
    graph, modules, mine = trial.graph, dict(trial.model.named_modules()), pair.record
    same: dict[str, list[Record]] = {}
    for record in run.records:
        is_same = (record.operation, record.line) == (mine.operation, mine.line) and record.modules and mine.modules
        if is_same and type(modules[record.modules[-1]]) is type(modules[mine.modules[-1]]):
            same.setdefault(record.modules[-1], []).append(record)
    own = same.pop(mine.modules[-1], []) if mine.modules else []
    number = next((place for place, record in enumerate(own) if record is mine), 0)
    for records in same.values():
        for record in records[number : number + 1]:
            asked = list(_asked(graph, record))
            widths = _widths(graph, run, record, {dim.shape[1] for dim in asked})
            if len(asked) > pair.places[0] and len(widths) > pair.places[1]:
                dim, width = asked[pair.places[0]], widths[pair.places[1]]
                if dim.shape[1] == width.shape[1] and _is_free(graph, dim):
                    yield _Pair(dim, width, record, pair.places)


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
