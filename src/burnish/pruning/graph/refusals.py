"""What cannot be narrowed, and why, in words for the user."""

from __future__ import annotations

import numpy as np

from burnish.pruning.graph.atoms import Atoms, Dim
from burnish.pruning.graph.following.record import Suspect
from burnish.pruning.graph.graph import Graph
from burnish.pruning.graph.group import Refusal
from burnish.pruning.graph.rules.reshaping import Labels


def refusals(graph: Graph, suspects: list[Suspect]) -> list[Refusal]:
    """Layers of which some outputs cannot go although they might have, with what stands in the way."""
    result: list[Refusal] = []
    seen: set[tuple[tuple[str, ...], str]] = set()
    for suspect in suspects:
        layers = tuple(
            dict.fromkeys(
                name.rpartition(".")[0] or name
                for name, dim in sorted(suspect.places)
                if graph.roles.get((name, dim)) == "produces" and _is_lost(graph, graph.weights[name][dim])
            )
        )
        key = (layers, suspect.line)
        if layers and key not in seen:
            seen.add(key)
            module = suspect.record.modules[-1] if suspect.record.modules else ""
            result.append(Refusal(layers, module, suspect.line, suspect.reason))
    return result


def touching(atoms: Atoms, weights: dict[str, Labels], dims: list[Dim]) -> set[tuple[str, int]]:
    """Dimensions of weights that share a channel with one of ``dims``."""
    found = np.zeros(atoms.count, dtype=bool)
    for dim in dims:
        if (rows := atoms.resolve(dim)) is not None:
            found[rows.ravel()] = True
    found[0] = False
    touching = set()
    for name, labels in weights.items():
        for place, channels in enumerate(labels):
            rows = atoms.resolve(channels)
            if rows is not None and found[rows].any():
                touching.add((name, place))
    return touching


def unexplained(graph: Graph, shown: set[tuple[str, int]]) -> list[Refusal]:
    """Layers that keep their width although no output shows it and nothing has been said of them."""
    told = {layer for refusal in graph.refusals for layer in refusal.layers}
    layers = dict.fromkeys(
        name.rpartition(".")[0] or name
        for (name, dim), role in graph.roles.items()
        if role == "produces" and (name, dim) not in shown and _is_lost(graph, graph.weights[name][dim])
    )
    left = tuple(layer for layer in layers if layer not in told)
    reason = (
        "what they give is combined, place by place, with an input, with numbers that the forward makes, or with "
        "weights that are needed whole"
    )
    return [Refusal(left, "", "", reason)] if left else []


def _is_lost(graph: Graph, channels: Dim) -> bool:
    rows = graph.atoms.resolve(channels)
    return rows is None or bool((rows == 0).all(axis=0).any())
