"""Which channels are the same channel, and which are products of two."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]

Dim = Ids | None
"""The channels along one dimension of a tensor, ``(factors, size)``; None where no position may be removed.

A position goes when any of its factors goes. 0 is no factor: a position of zeros alone is one that must stay.
"""


class Atoms:
    """A forest of channels: each is itself, the same as another, fixed, or a product of several others.

    A product arises where a reshape splits a dimension, say 12 heads of 64: position ``64 * h + d`` goes with head
    ``h`` or with place ``d``. The channel 0 is fixed: what is united with it can never be removed.

    >>> atoms = Atoms()
    >>> first, second = atoms.fresh(3), atoms.fresh(3)
    >>> atoms.unite(first, second)
    >>> bool((atoms.find(first) == atoms.find(second)).all())
    True
    """

    def __init__(self) -> None:
        self.count = 1
        self._parent: Ids = np.zeros(1024, dtype=np.int64)
        self._factors: Ids = np.zeros((2, 1024), dtype=np.int64)
        self._has_products = False

    def fresh(self, count: int) -> Ids:
        """New channels, ``(1, count)``."""
        start, end = self.count, self.count + count
        while end > self._parent.size:
            self._parent = np.concatenate([self._parent, np.zeros_like(self._parent)])
            self._factors = np.concatenate([self._factors, np.zeros_like(self._factors)], axis=1)
        found = np.arange(start, end, dtype=np.int64)
        self._parent[start:end] = found
        self.count = end
        return found[None]

    def saved(self) -> tuple[int, Ids, Ids, bool]:
        """What :meth:`restore` needs."""
        return self.count, self._parent.copy(), self._factors.copy(), self._has_products

    def restore(self, before: tuple[int, Ids, Ids, bool]) -> None:
        """Forget all that was said since."""
        self.count, self._parent, self._factors, self._has_products = before

    def find(self, ids: Ids) -> Ids:
        """The one that stands for each channel; 0 for the fixed."""
        found = self._parent[ids]
        while True:
            above = self._parent[found]
            if (above == found).all():
                break
            found = above
        self._parent[ids] = found
        return found

    def resolve(self, dim: Dim) -> Dim:
        """A dimension with every channel replaced by what stands for it, products taken apart."""
        if dim is None:
            return None
        found = self.find(dim)
        while self._has_products and self._factors[0, found].any():
            left, right = self._factors[:, found]
            found = np.concatenate([np.where(left > 0, left, found), right])
            found = self.find(found)
        if len(found) == 1:
            return found if found.any() else None
        rows: list[Ids] = []
        for row in found:
            if row.any() and not any(np.array_equal(row, other) for other in rows):
                rows.append(row)
        return _compact(np.stack(rows)) if rows else None

    def fix(self, dim: Dim) -> None:
        """Let no channel of a dimension be removed."""
        found = self.resolve(dim)
        if found is not None:
            self._parent[found] = 0

    def unite(self, one: Dim, two: Dim) -> None:
        """Let every position of two dimensions of one size be the same channel."""
        if one is two:
            return
        one, two = self.resolve(one), self.resolve(two)
        if one is None or two is None:
            self.fix(one)
            self.fix(two)
        elif len(one) == len(two) == 1:
            self._join(one[0], two[0])
        elif len(one) == 1:
            self._define(one[0], two)
        elif len(two) == 1:
            self._define(two[0], one)
        else:
            self._match(one, two)

    def _join(self, one: Ids, two: Ids) -> None:
        while True:
            one, two = self.find(one), self.find(two)
            different = one != two
            if not different.any():
                return
            one, two = one[different], two[different]
            np.minimum.at(self._parent, np.maximum(one, two), np.minimum(one, two))

    def _define(self, single: Ids, product: Ids) -> None:
        """Let each of the single channels be the product in its position."""
        several = (product > 0).sum(axis=0) > 1
        if not several.all():
            rest = ~several
            self._join(single[rest], product[:, rest].max(axis=0))
            single, product = single[several], product[:, several]
        self.fix(np.where(single == 0, product, 0))
        itself = (product == single).any(axis=0) & (single > 0)
        if itself.any():  # a channel that is itself times another: the other never goes alone
            self.fix(np.where(itself & (product != single), product, 0))
            single, product = single[~itself], product[:, ~itself]
        inside = np.isin(single, product) & (single > 0)
        if inside.any():  # channels that are each other's factors: only all of them together are certain
            for row in product[:, inside]:
                self._join(np.where(row > 0, row, single[inside]), single[inside])
        plain = (single > 0) & ~inside
        single, product = single[plain], product[:, plain]
        if not single.size:
            return
        names, places = np.unique(single, return_index=True)
        rest = product[1:, places]
        second = rest[0]
        for row in rest[1:]:  # three factors are a factor and a product of two
            both = (second > 0) & (row > 0)
            paired = self.fresh(int(both.sum()))[0]
            self._factors[:, paired] = second[both], row[both]
            second = np.maximum(second, row)
            second[both] = paired
        first = product[0, places]
        self._factors[:, names] = np.where(first > 0, first, second), np.where(first > 0, second, 0)
        self._has_products = True
        if len(names) < len(single):
            self.unite(single[None], product)

    def _match(self, one: Ids, two: Ids) -> None:
        """Two products are the same where their factors run alike; else only all of them together are certain."""
        patterns = [np.unique(row, return_inverse=True)[1].tobytes() for row in (*one, *two)]
        mine, theirs = patterns[: len(one)], patterns[len(one) :]
        if sorted(mine) == sorted(theirs) and len(set(mine)) == len(mine):
            for row, pattern in zip(one, mine, strict=True):
                self._join(row, two[theirs.index(pattern)])
            return
        everything = np.concatenate([one, two])
        top = everything.max(axis=0)
        for row in everything:
            self._join(np.where(row > 0, row, top), top)
        empty = (one == 0).all(axis=0) | (two == 0).all(axis=0)
        self.fix(top[None, empty])


def _compact(rows: Ids) -> Ids:
    """The same monomials in as few rows as they need, repeated factors left out."""
    ordered = -np.sort(-rows, axis=0)
    doubled = np.zeros_like(ordered, dtype=bool)
    doubled[1:] = ordered[1:] == ordered[:-1]
    if not doubled.any():
        return rows
    kept = [row.copy() for row in rows]
    for number, row in enumerate(kept):
        for other in kept[:number]:
            row[row == other] = 0
    found = np.stack([row for row in kept if row.any()])
    return found
