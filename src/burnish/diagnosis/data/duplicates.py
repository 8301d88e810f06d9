"""What copies do to a data set: leaks between splits, labels that contradict each other, samples that count twice."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from burnish.diagnosis.data.finding import Finding, Severity, counted, spread
from burnish.diagnosis.data.samples import Samples

Groups = Sequence[NDArray[np.int64]]


@dataclass(frozen=True)
class Wording:
    """How to speak of a kind of copy: ``image``, ``an exact copy``, ``exact copies``, what codes begin with."""

    sample: str
    copy: str
    copies: str
    code: str = ""
    same: str = "the same pixels"

    @property
    def samples(self) -> str:
        """More than one."""
        return self.sample + "s"

    def told(self, count: int, before: str = "") -> str:
        """So many samples are copies.

        >>> Wording("image", "a copy", "copies").told(2, "held-out ")
        '2 held-out images are copies'
        """
        sample = f"{before}{self.sample}"
        return counted(count, f"{sample} is {self.copy}", f"{sample}s are {self.copies}")


def duplicate_findings(
    groups: Groups, samples: Samples, wording: Wording, *, drawn: bool = False, by_chance: bool = False
) -> list[Finding]:
    """Leaks between splits, conflicting labels and repetitions, each once.

    Args:
        groups: numbers of samples that are copies of each other.
        samples: all samples.
        wording: what to call them.
        drawn: the splits were drawn by burnish, not given.
        by_chance: so many copies are no surprise, as values are few or rounded: nothing is worse than an info.
    """
    return [
        *_leaks(groups, samples, wording, drawn, by_chance),
        *_conflicts(groups, samples, wording, by_chance),
        *_repetitions(groups, samples, wording, by_chance),
    ]


def _leaks(groups: Groups, samples: Samples, wording: Wording, drawn: bool, by_chance: bool) -> list[Finding]:
    concerned: list[int] = []
    examples: list[tuple[int, ...]] = []
    for group in groups:
        splits = samples.splits[group]
        first = splits.min()
        later = group[splits > first]
        if len(later) == 0:
            continue
        concerned += later.tolist()
        examples.append((int(group[splits == first][0]), *later[:3]))
    if not concerned:
        return []
    held_out = int((samples.splits > 0).sum())
    share = len(concerned) / held_out
    advice = (
        "The splits were drawn at random: remove the copies, keeping one of each, or give splits that keep copies "
        "together."
        if drawn
        else "Remove the copies from train, or from the split that they were held out for."
    )
    meaning = f"The model has seen {share:.1%} of what it is tested on, so that scores are too good."
    if by_chance:
        meaning += " Values here are few or rounded, so that so many equal rows are no surprise."
    return [
        Finding(
            f"{wording.code}duplicates-across-splits",
            "info" if by_chance else "error",
            f"{wording.told(len(concerned), 'held-out ')} of others in an earlier split",
            len(concerned),
            share,
            meaning,
            advice,
            tuple(samples.example(*numbers) for numbers in spread(examples)),
            wording.samples,
        )
    ]


def _conflicts(groups: Groups, samples: Samples, wording: Wording, by_chance: bool) -> list[Finding]:
    concerned: list[int] = []
    examples: list[tuple[int, ...]] = []
    for group in groups:
        known = group[samples.labels[group] >= 0]
        labels, where = np.unique(samples.labels[known], return_index=True)
        if len(labels) < 2:
            continue
        concerned += known.tolist()
        examples.append(tuple(known[where[:4]]))
    if not concerned:
        return []
    severity: Severity = "info" if by_chance else "warning" if wording.code else "error"
    doubt = " Some may be of different things that look alike." if wording.code else ""
    return [
        Finding(
            f"{wording.code}conflicting-labels",
            severity,
            f"{len(concerned):,} {wording.samples} have {wording.same} as others of another class",
            len(concerned),
            len(concerned) / max(1, len(samples)),
            f"At most one label of each group can be right; no model can learn both.{doubt}",
            "Look at them, correct the labels, or remove the whole group.",
            tuple(samples.example(*numbers) for numbers in spread(examples)),
            wording.samples,
        )
    ]


def _repetitions(groups: Groups, samples: Samples, wording: Wording, by_chance: bool) -> list[Finding]:
    repeated = 0
    examples: list[tuple[int, ...]] = []
    for group in groups:
        splits = samples.splits[group]
        extra = len(group) - len(np.unique(splits))
        if extra == 0:
            continue
        repeated += extra
        examples.append(tuple(group[splits == np.bincount(splits).argmax()][:4]))
    if not repeated:
        return []
    share = repeated / max(1, len(samples))
    return [
        Finding(
            f"{wording.code}duplicates",
            "info" if by_chance or share < 0.01 else "warning",
            f"{wording.told(repeated)} of others in the same split",
            repeated,
            share,
            "They count several times: in training they weigh more, in a test the interval is too narrow.",
            "Keep one of each where the repetition is not meant.",
            tuple(samples.example(*numbers) for numbers in spread(examples)),
            wording.samples,
        )
    ]


def expected_by_chance(groups: Groups, columns: NDArray[np.float32]) -> bool:
    """Whether so many equal rows are no surprise, as values are few or rounded.

    Were the columns independent, two rows would agree with the product of the columns' own chances of agreeing. Columns
    depend on each other, which makes equal rows more frequent, so ten times that is still taken as chance; beyond it
    the number of equal pairs must be improbable (Poisson, 1 in 1,000).

    >>> coins = np.random.default_rng(0).integers(0, 2, (100, 3)).astype(np.float32)
    >>> from burnish.diagnosis.data.groups import equal_groups
    >>> expected_by_chance(equal_groups(coins @ np.array([1, 2, 4])), coins)
    True
    """
    count = len(columns)
    agreeing = 1.0
    for column in columns.T:
        sizes = np.unique(column, return_counts=True)[1].astype(np.float64)
        agreeing *= max(float((sizes * (sizes - 1)).sum()), 1.0) / max(1, count * (count - 1))
    expected = 10 * agreeing * count * (count - 1) / 2
    found = sum(len(group) * (len(group) - 1) // 2 for group in groups)
    return found <= 1 + expected + 4 * math.sqrt(expected)
