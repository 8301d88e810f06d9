"""Samples that belong together: equal keys, and pairs joined to groups."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def equal_groups(keys: NDArray[Any]) -> list[NDArray[np.int64]]:
    """Numbers of the samples that share a key with another, a group a key, in the order of their first samples.

    >>> [group.tolist() for group in equal_groups(np.array([7, 5, 7, 9, 5]))]
    [[0, 2], [1, 4]]
    """
    order = np.argsort(keys, kind="stable")
    lined = keys[order]
    starts = np.flatnonzero(np.append(True, lined[1:] != lined[:-1])) if len(keys) else np.empty(0, np.int64)
    stops = np.append(starts[1:], len(keys))
    repeated = np.flatnonzero(stops - starts > 1)
    groups = [order[starts[number] : stops[number]] for number in repeated]
    return sorted(groups, key=lambda group: int(group[0]))


def joined_groups(pairs: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Groups that pairs ``(pairs, 2)`` hold together, each sorted, in the order of their first samples.

    >>> [group.tolist() for group in joined_groups(np.array([[4, 9], [1, 2], [2, 7]]))]
    [[1, 2, 7], [4, 9]]
    """
    parents: dict[int, int] = {}

    def root(number: int) -> int:
        while parents.setdefault(number, number) != number:
            parents[number] = parents[parents[number]]
            number = parents[number]
        return number

    for first, second in pairs.tolist():
        one, other = sorted((root(first), root(second)))
        parents[other] = one
    members: dict[int, list[int]] = {}
    for number in sorted(parents):
        members.setdefault(root(number), []).append(number)
    return [np.array(members[key], np.int64) for key in sorted(members)]
