"""What a view does to the channels along each dimension."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from burnish.pruning.graph.atoms import Atoms, Dim, Ids

Labels = tuple[Dim, ...]
"""The channels along every dimension of a tensor."""


def reshaped(atoms: Atoms, labels: Labels, shape: Sequence[int], to: Sequence[int]) -> Labels:
    """Channels after a view from one shape to another.

    Dimensions that become one hold products; a dimension that becomes several is taken for a product of one factor for
    each of them.

    >>> atoms = Atoms()
    >>> both = reshaped(atoms, (None, atoms.fresh(6)), (5, 6), (5, 2, 3))
    >>> [None if dim is None else dim.shape for dim in both]
    [None, (1, 2), (1, 3)]
    """
    if math.prod(shape) == 0:
        for dim in labels:
            atoms.fix(dim)
        return (None,) * len(to)
    result: list[Dim] = [None] * len(to)
    old = [place for place, size in enumerate(shape) if size > 1]
    new = [place for place, size in enumerate(to) if size > 1]
    for place, size in enumerate(shape):
        if size == 1:
            atoms.fix(labels[place])
    while old:
        mine, theirs = [old.pop(0)], [new.pop(0)]
        before, after = shape[mine[0]], to[theirs[0]]
        while before != after:
            if before < after:
                mine.append(old.pop(0))
                before *= shape[mine[-1]]
            else:
                theirs.append(new.pop(0))
                after *= to[theirs[-1]]
        found = merged(atoms, [labels[place] for place in mine], [shape[place] for place in mine])
        for place, dim in zip(theirs, split(atoms, found, [to[place] for place in theirs]), strict=True):
            result[place] = dim
    return tuple(result)


def merged(atoms: Atoms, dims: Sequence[Dim], sizes: Sequence[int]) -> Dim:
    """Several dimensions as one: a position goes when its row, or its column, goes."""
    if len(dims) == 1:
        return dims[0]
    rows = []
    for place, dim in enumerate(dims):
        if dim is None:
            continue
        known = dim if len(dim) == 1 else atoms.resolve(dim)
        if known is None:
            continue
        within = math.prod(sizes[place + 1 :])
        rows.append(np.tile(np.repeat(known, within, axis=1), math.prod(sizes[:place])))
    return np.concatenate(rows) if rows else None


def split(atoms: Atoms, dim: Dim, sizes: Sequence[int]) -> list[Dim]:
    """One dimension as several."""
    if len(sizes) == 1 or dim is None:
        return [dim] if len(sizes) == 1 else [None] * len(sizes)
    found: list[list[Ids]] = [[] for _ in sizes]
    resolved = atoms.resolve(dim)
    for row in () if resolved is None else resolved:
        grid = row.reshape(sizes)
        varies = [place for place in range(len(sizes)) if (grid != grid.take([0], axis=place)).any()]
        if not varies:
            atoms.fix(row[:1, None])
        elif len(varies) == 1:
            corner = tuple(slice(None) if place == varies[0] else 0 for place in range(len(sizes)))
            found[varies[0]].append(grid[corner][None])
        else:
            factors = {place: atoms.fresh(sizes[place]) for place in varies}
            atoms.unite(row[None], merged(atoms, [factors.get(place) for place in range(len(sizes))], sizes))
            for place, factor in factors.items():
                found[place].append(factor)
    return [np.concatenate(rows) if rows else None for rows in found]
