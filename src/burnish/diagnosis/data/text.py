"""What is wrong with a text: passages that return, in training or where it is tested, and symbols that are rare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.data.text import UNKNOWN
from burnish.diagnosis.data.finding import EXAMPLES, Example, Finding, counted
from burnish.diagnosis.data.samples import SPLITS

PASSAGE = 100
"""Symbols that must agree for a passage to count as the same: longer than names, set phrases and refrains."""
_RARE = 5
_SHOWN = 160


def text_findings(parts: Sequence[NDArray[Any]], vocabulary: Sequence[str]) -> list[Finding]:
    """Passages of ``PASSAGE`` symbols that return, and rare or unknown symbols.

    Args:
        parts: symbol codes of train, validation and test.
        vocabulary: the symbols in code order.
    """
    found = []
    keys = [_keys(part) for part in parts]
    for split in (1, 2):
        found += _seen(parts[split], keys[split], np.concatenate(keys[:split]), SPLITS[split], vocabulary)
    found += _again(parts[0], keys[0], vocabulary)
    return [*found, *_symbols(parts, vocabulary)]


def _keys(codes: NDArray[Any]) -> NDArray[np.uint64]:
    """A hash of every window of ``PASSAGE`` symbols."""
    if len(codes) < PASSAGE:
        return np.empty(0, np.uint64)
    mixed = codes.astype(np.uint64) + np.uint64(1)
    mixed *= np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(29)
    length = 1
    keys = mixed
    # doubling: the hash of 2n symbols from those of n, until the next doubling would be too long
    while 2 * length <= PASSAGE:
        keys = _join(keys[:-length], keys[length:])
        length *= 2
    rest = PASSAGE - length
    return _join(keys[: len(codes) - PASSAGE + 1], keys[rest : rest + len(codes) - PASSAGE + 1])


def _join(first: NDArray[np.uint64], second: NDArray[np.uint64]) -> NDArray[np.uint64]:
    joined = first * np.uint64(0xBF58476D1CE4E5B9) + second
    joined ^= joined >> np.uint64(31)
    return joined * np.uint64(0x94D049BB133111EB)


def _covered(hits: NDArray[np.bool_], length: int) -> NDArray[np.bool_]:
    """Symbols that lie in a window that is a hit."""
    steps = np.zeros(length + 1, np.int64)
    starts = np.flatnonzero(hits)
    np.add.at(steps, starts, 1)
    np.add.at(steps, starts + PASSAGE, -1)
    return steps.cumsum()[:-1] > 0


def _passages(covered: NDArray[np.bool_], codes: NDArray[Any], vocabulary: Sequence[str], split: str) -> list[Example]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], covered, [False]]).astype(np.int8)))
    stretches = sorted(edges.reshape(-1, 2).tolist(), key=lambda pair: pair[0] - pair[1])
    told = []
    for start, stop in stretches[:EXAMPLES]:
        shown = "".join(vocabulary[code] for code in codes[start : min(stop, start + _SHOWN)].tolist())
        told.append(Example(note=f"{stop - start:,} symbols at {split} {start:,}: {shown!r}"))
    return told


def _seen(
    codes: NDArray[Any],
    keys: NDArray[np.uint64],
    earlier: NDArray[np.uint64],
    split: str,
    vocabulary: Sequence[str],
) -> list[Finding]:
    hits = np.isin(keys, earlier)
    if not hits.any():
        return []
    covered = _covered(hits, len(codes))
    count = int(covered.sum())
    share = count / len(codes)
    return [
        Finding(
            "passages-across-splits",
            "error" if share >= 0.01 else "warning",
            f"{count:,} symbols of {split} lie in passages that an earlier split holds word for word",
            count,
            share,
            f"{share:.1%} of {split} can be recited instead of predicted, so that its loss is too low "
            f"(passages of at least {PASSAGE} symbols).",
            "Remove the repetition, or cut the splits so that copies stay together.",
            tuple(_passages(covered, codes, vocabulary, split)),
            "symbols",
        )
    ]


def _again(codes: NDArray[Any], keys: NDArray[np.uint64], vocabulary: Sequence[str]) -> list[Finding]:
    order = np.argsort(keys, kind="stable")
    same = keys[order][1:] == keys[order][:-1]
    # copies that overlap are a run of one symbol or a pattern, such as a ruled line
    again = order[1:][same & (order[1:] - order[:-1] >= PASSAGE)]
    if not len(again):
        return []
    hits = np.zeros(len(keys), np.bool_)
    hits[again] = True
    covered = _covered(hits, len(codes))
    count = int(covered.sum())
    share = count / len(codes)
    return [
        Finding(
            "repeated-passages",
            "warning" if share >= 0.05 else "info",
            f"{count:,} training symbols lie in passages that were there before",
            count,
            share,
            f"{share:.1%} of the training text is learnt more than once, which favours reciting it "
            f"(passages of at least {PASSAGE} symbols).",
            "Remove copies, headers and licence texts that return.",
            tuple(_passages(covered, codes, vocabulary, "train")),
            "symbols",
        )
    ]


def _symbols(parts: Sequence[NDArray[Any]], vocabulary: Sequence[str]) -> list[Finding]:
    found = []
    counts = np.bincount(parts[0].astype(np.int64), minlength=len(vocabulary))
    unknown = vocabulary.index(UNKNOWN) if UNKNOWN in vocabulary and counts[vocabulary.index(UNKNOWN)] == 0 else -1
    rare = [(int(count), code) for code, count in enumerate(counts) if count < _RARE and code != unknown]
    if rare:
        found.append(
            Finding(
                "rare-symbols",
                "info",
                f"{counted(len(rare), 'symbol occurs', 'symbols occur')} fewer than {_RARE} times in train",
                len(rare),
                len(rare) / len(vocabulary),
                "Each costs an output of the model and is hardly learnt.",
                "Replace or remove them; stray symbols often come from a wrong encoding.",
                tuple(Example(note=f"{vocabulary[code]!r}: {count} times") for count, code in sorted(rare)[:EXAMPLES]),
                "symbols",
            )
        )
    strange = sum(int((part == unknown).sum()) for part in parts[1:]) if unknown >= 0 else 0
    if strange:
        held_out = sum(len(part) for part in parts[1:])
        found.append(
            Finding(
                "unknown-symbols",
                "warning" if strange >= 0.001 * held_out else "info",
                f"{counted(strange, 'held-out symbol does', 'held-out symbols do')} not occur in train",
                strange,
                strange / held_out,
                "The model cannot know them and can only guess.",
                "Mix sources before splitting, or remove what is foreign to the text.",
                (),
                "symbols",
            )
        )
    return found
