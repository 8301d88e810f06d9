"""Numbers of modules that count channels, found by trying: heads, sizes of pieces, widths."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

from torch import nn

from burnish.pruning.graph.following.record import Attribute, Key, Record
from burnish.pruning.graph.graph import Graph
from burnish.pruning.graph.group import Group
from burnish.pruning.graph.settling.trial import MismatchError, Trial

_EARLY = 8
"""Of the channels that a number may count, so many are tried."""


def count(
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
    same, and channels that were met early before those that were met late.
    """
    tuples = dict.fromkeys((key[0], key[1]) for key in options if key[2] is not None)
    whole = [_in_turn({key: values if key[:2] == name else [] for key, values in options.items()}) for name in tuples]
    each = [(None, *range(min(_EARLY, len(values)))) for values in options.values()]
    found = [choice for choice in itertools.islice(itertools.product(*each), 512) if any(n is not None for n in choice)]
    bound = [[number for number in choice if number is not None] for choice in found]
    order = sorted(range(len(found)), key=lambda place: (len(bound[place]), -len(set(bound[place])), sum(bound[place])))
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
