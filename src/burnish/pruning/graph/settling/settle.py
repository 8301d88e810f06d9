"""Fix what a model cannot lose, and find the numbers that its modules count channels by."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from torch import nn

from burnish.pruning.graph.following.record import Record, Run, Suspect
from burnish.pruning.graph.graph import Graph, groups_of
from burnish.pruning.graph.group import Group
from burnish.pruning.graph.settling.counting import count
from burnish.pruning.graph.settling.trial import MismatchError, Trial
from burnish.pruning.graph.settling.tying import tie


def settle(model: nn.Module, graph: Graph, runs: list[Run], device: str) -> list[Suspect]:
    """Cut a part of everything, and fix what the model cannot lose.

    Numbers that modules hold are tried where a size turns out to be fixed: a number equal to a count of channels may be
    meant so, and is taken for one if the model then runs as foretold.

    Args:
        model: the model.
        graph: its channels; what cannot go is fixed there, and numbers that count are added.
        runs: its recorded forwards.
        device: where copies of the model run.

    Returns:
        What was fixed, and why.
    """
    suspects: list[Suspect] = []
    tried: set[tuple[type, str, Any]] = set()
    free = groups_of(graph)
    trial = Trial(model, graph, runs, device)
    while free:
        fault = trial.fault(free)
        if fault is None:
            break
        around = runs[fault.at[0]].around(fault.at[1])
        counts = functools.partial(count, trial, around=around)
        if tie(trial, fault, around, counts) or counts(fault, lambda: groups_of(graph), tried=tried):
            free = groups_of(graph)
            continue
        blamed = [group for group in free if any(_touches(graph, record, group) for record in around)] or free
        guilty = _guilty(trial, fault, blamed) or _guilty(trial, fault, free) or blamed
        record = next((record for record in around if record.line == fault.line), around[-1])
        for group in guilty:
            suspects.append(
                Suspect(record, fault.reason, fault.line, {(part.tensor, part.dim) for part in group.slices})
            )
            graph.atoms.fix(group.atoms.numpy()[None])
        gone = set(map(id, guilty))
        free = [group for group in free if id(group) not in gone]
    return suspects


def _guilty(trial: Trial, fault: MismatchError, groups: list[Group]) -> list[Group]:
    """Those whose cut alone fails, at this place if any does: what fails further on may yet be helped there."""
    faults = [(group, found) for group in groups if (found := trial.fault_alone(group)) is not None]
    return [group for group, found in faults if found.at[:2] <= fault.at[:2]] or [group for group, _ in faults]


def _touches(graph: Graph, record: Record, group: Group) -> bool:
    mine = group.atoms.numpy()
    for labels in (*record.inputs, *record.outputs):
        for dim in labels:
            rows = graph.atoms.resolve(dim)
            if rows is not None and np.isin(rows, mine).any():
                return True
    return False
