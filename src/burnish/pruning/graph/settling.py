"""Fix what a model cannot lose, and find the numbers that its modules count channels by."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from torch import nn

from burnish.pruning.graph.graph import Graph, groups_of
from burnish.pruning.graph.group import Group
from burnish.pruning.graph.recorder import Attribute, Record
from burnish.pruning.graph.trial import Key, MismatchError, Run, Suspect, Trial
from burnish.pruning.graph.tying import tie


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
        counts = functools.partial(_counts, trial, around=around)
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


def _counts(
    trial: Trial,
    fault: MismatchError,
    groups: Callable[[], list[Group]],
    around: list[Record],
    tried: set[tuple[type, str, Any]] | None = None,
) -> bool:
    """Take numbers of a running module for counts of channels, if that lets the forward go further.

    Args:
        trial: of the model.
        fault: where a cut of the groups failed.
        groups: those that are cut, as they are then.
        around: the operators of which one is at fault.
        tried: classes, lines and operators for which it was tried before.
    """
    tried = set() if tried is None else tried
    graph, modules = trial.graph, dict(trial.model.named_modules())
    known = {(attribute.module, attribute.name, attribute.place) for attribute in graph.attributes}
    guesses = trial.runs[fault.at[0]].guesses
    for name in reversed(list(dict.fromkeys(name for record in around for name in record.modules))):
        here = _distinct(graph, [guess for guess in guesses if guess.module == name])
        options = {key: values for key, values in here.items() if key not in known}
        kind = type(modules[name])
        if not options or (kind, fault.line, around[-1].operation) in tried:
            continue
        tried.add((kind, fault.line, around[-1].operation))
        alike = _alike(graph, modules, kind, guesses, known)
        before, best, best_at = graph.attributes, graph.attributes, fault.at
        for choice in _choices(options):
            picked = {key[1:]: number for key, number in zip(options, choice, strict=True) if number is not None}
            graph.attributes = [
                *before,
                *(values[picked[key[1:]]] for key, values in alike.items() if picked.get(key[1:], 99) < len(values)),
            ]
            after = trial.fault(groups(), beyond=best_at)
            if after is None:
                return True
            if after.at > best_at:
                best, best_at = graph.attributes, after.at
        graph.attributes = best
        if best is not before:
            return True
    return False


def _choices(options: Mapping[Key, list[Attribute]]) -> list[tuple[int | None, ...]]:
    """What each number may count, by place in its list, or nothing.

    The numbers of a tuple come first, each with the next of the channels that are as many: the sizes of a split count
    its pieces in turn. Then as few numbers as will do, those that count different channels before those that count the
    same.
    """
    tuples = dict.fromkeys((key[0], key[1]) for key in options if key[2] is not None)
    whole = [_in_turn({key: values if key[:2] == name else [] for key, values in options.items()}) for name in tuples]
    each = [(None, *range(len(values))) for values in options.values()]
    found = [choice for choice in itertools.islice(itertools.product(*each), 512) if any(n is not None for n in choice)]
    bound = [[number for number in choice if number is not None] for choice in found]
    order = sorted(range(len(found)), key=lambda place: (len(bound[place]), -len(set(bound[place]))))
    return [*whole, *(found[place] for place in order[:24])]


def _in_turn(options: Mapping[Key, list[Attribute]]) -> tuple[int | None, ...]:
    """Each number with channels that none before it has, as long as there are some."""
    taken: set[bytes] = set()
    chosen: list[int | None] = []
    for values in options.values():
        names = [b"" if value.channels is None else value.channels.tobytes() for value in values]
        free = next((place for place, name in enumerate(names) if name not in taken), 0 if values else None)
        chosen.append(free)
        if free is not None:
            taken.add(names[free])
    return tuple(chosen)


def _alike(
    graph: Graph, modules: Mapping[str, nn.Module], kind: type, guesses: list[Attribute], known: set[Key]
) -> dict[Key, list[Attribute]]:
    """What the numbers of all modules of one class may count."""
    found: dict[str, list[Attribute]] = {}
    for guess in guesses:
        if type(modules[guess.module]) is kind:
            found.setdefault(guess.module, []).append(guess)
    return {key: values for own in found.values() for key, values in _distinct(graph, own).items() if key not in known}


def _distinct(graph: Graph, guesses: list[Attribute]) -> dict[Key, list[Attribute]]:
    """Guesses by number, those that count the same channels once."""
    found: dict[Key, dict[bytes, Attribute]] = {}
    for guess in guesses:
        rows = graph.atoms.resolve(guess.channels)
        if rows is not None:
            found.setdefault((guess.module, guess.name, guess.place), {}).setdefault(rows.tobytes(), guess)
    return {key: list(values.values()) for key, values in found.items()}


def _touches(graph: Graph, record: Record, group: Group) -> bool:
    mine = group.atoms.numpy()
    for labels in (*record.inputs, *record.outputs):
        for dim in labels:
            rows = graph.atoms.resolve(dim)
            if rows is not None and np.isin(rows, mine).any():
                return True
    return False
