"""Near duplicates: pairs of images that are closer than images of this set come by chance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from burnish.diagnosis.data.fingerprints import SIDE, Fingerprints

_TABLES = 16
_NEIGHBOURS = 24
_MOST_BITS, _FEWEST_BITS = 16, 4
_MOST_APART, _HARDLY_APART = 0.15, 0.001
_PLAIN = 2 / 255
_REFERENCE = 1000
_BY_CHANCE = 0.1
_CHUNK = 1 << 13


def near_pairs(prints: Fingerprints, seed: int = 0) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Find images that show the same picture: recoded, resized, brighter or darker.

    Candidates are neighbours in sorted lists of the perceptual hashes, each list with the bits in another order, so
    that the work grows with ``n log n``. A candidate is kept where its thumbnails differ, after the best change of
    brightness and contrast, by so little that chance explains fewer than 0.1 pairs in the whole set. What
    chance explains is read from distances to 1,000 images drawn at random: among photographs, which differ a lot, a
    recoded copy stands out; among handwritten digits, which are much alike, only a copy that is almost exact does. Less
    than 0.1 % of the contrast is taken as a copy in any set, more than 15 % in none.
    Mirrored, rotated and strongly cropped copies are not found, nor are images of one colour.

    Source of the lists: Charikar 2002, "Similarity estimation techniques from rounding algorithms", section 3. Source
    of the threshold: Desolneux, Moisan and Morel 2000, "Meaningful alignments", the number of false alarms.

    Args:
        prints: of images that all differ.
        seed: decides the orders and the sample.

    Returns:
        Pairs ``(pairs, 2)`` with the smaller number first, sorted, and the part of the contrast that the two do not
        share, in [0, 1].
    """
    rng = np.random.default_rng(seed)
    usable = np.flatnonzero(prints.deviation > _PLAIN)
    pairs = _candidates(prints.hash[usable], rng)
    units = _Units(prints.thumbnail[usable])
    apart = units.apart(pairs)
    keep = apart <= _MOST_APART
    pairs, apart = pairs[keep], apart[keep]
    keep = apart <= np.maximum(_limits(units, pairs, rng), _HARDLY_APART)
    return usable[pairs[keep]].astype(np.int64), apart[keep]


def _candidates(hashes: NDArray[np.uint64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Pairs of neighbours whose hashes differ in few bits: at most 16, fewer where most pictures are that similar."""
    count = len(hashes)
    found = np.empty(0, np.int64)
    bits = np.unpackbits(hashes.view(np.uint8).reshape(count, 8), axis=1)
    most = _MOST_BITS
    for table in range(_TABLES):
        shuffled = np.ascontiguousarray(np.packbits(bits[:, rng.permutation(64)], axis=1)).view(">u8")[:, 0]
        order = np.argsort(shuffled, kind="stable")
        lined = hashes[order]
        differ = [np.bitwise_count(lined[step:] ^ lined[:-step]) for step in range(1, min(_NEIGHBOURS + 1, count))]
        if table == 0 and differ:
            up_to = np.cumsum(np.bincount(np.concatenate(differ), minlength=_MOST_BITS + 1))
            most = max(_FEWEST_BITS, int((up_to[: _MOST_BITS + 1] <= 4 * count).sum()) - 1)
        codes = [found]
        for step, between in enumerate(differ, 1):
            near = np.flatnonzero(between <= most)
            first, second = order[near], order[near + step]
            codes.append(np.minimum(first, second) * count + np.maximum(first, second))
        found = np.sort(np.concatenate(codes), kind="stable")  # merges sorted runs; np.unique takes ten times that
        found = found[np.append(True, found[1:] != found[:-1])] if len(found) else found
    return np.stack([found // max(count, 1), found % max(count, 1)], axis=1)


class _Units:
    """Thumbnails brought to mean 0 and length 1 when they are asked for."""

    def __init__(self, thumbnails: NDArray[np.uint8]) -> None:
        self.thumbnails = thumbnails.reshape(len(thumbnails), SIDE * SIDE)

    def __len__(self) -> int:
        return len(self.thumbnails)

    def take(self, index: NDArray[np.int64]) -> NDArray[np.float32]:
        rows = self.thumbnails[index].astype(np.float32)
        rows -= rows.mean(axis=1, keepdims=True)
        rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
        return rows

    def apart(self, pairs: NDArray[np.int64]) -> NDArray[np.float64]:
        """Share of the contrast of one thumbnail that the best gain and offset of the other leave over."""
        found = np.empty(len(pairs))
        for start in range(0, len(pairs), _CHUNK):
            part = pairs[start : start + _CHUNK]
            found[start : start + _CHUNK] = _leftover((self.take(part[:, 0]) * self.take(part[:, 1])).sum(axis=1))
        return found


def _leftover(correlation: NDArray[np.float32]) -> NDArray[np.float64]:
    return 1 - np.clip(correlation, 0, 1).astype(np.float64) ** 2


def _limits(units: _Units, pairs: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
    """How far apart each pair may be, from what is usual around its two images.

    Around an image the number of others within a distance grows like a power of it. Two quantiles of the distances to
    a random sample give the power and the scale, and these the distance within which the whole set has so few by
    chance.
    """
    involved, where = np.unique(pairs, return_inverse=True)
    sample = rng.permutation(len(units))[: _REFERENCE + 1]
    if len(sample) < 32:
        return np.full(len(pairs), 0.01)
    reference = units.take(sample).T
    near, far = max(2, len(sample) // 100), max(12, len(sample) // 10)
    limits = np.empty(len(involved))
    for start in range(0, len(involved), 1024):
        rows = involved[start : start + 1024]
        distance = _leftover(units.take(rows) @ reference)
        distance.partition((near, far), axis=1)
        close = np.maximum(distance[:, near], 1e-6)
        power = np.log(far / near) / np.log(np.maximum(distance[:, far] / close, 1.0001))
        allowed = _BY_CHANCE / len(units) ** 2 * 2 / (near / len(sample))
        limits[start : start + 1024] = close * allowed ** (1 / np.maximum(power, 1.0))
    both: NDArray[np.float64] = limits[where.reshape(pairs.shape)]
    return np.minimum(both[:, 0], both[:, 1])
