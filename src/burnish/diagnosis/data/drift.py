"""Whether train and the held-out splits come from the same source: tests a column, and a classifier for the rest."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.diagnosis.data.finding import EXAMPLES, Example, Finding, counted
from burnish.diagnosis.data.samples import SPLITS, Samples

_LEVEL = 0.01
_EFFECT = 0.1
_FEWEST = 20
_MOST = 20_000
_FITTED = 2_000
_TELLS_APART = 0.65


@dataclass(frozen=True)
class _Shift:
    name: str
    split: str
    measure: str
    effect: float
    p: float


def numeric_drift(columns: Mapping[str, NDArray[Any]], samples: Samples, unit: str = "columns") -> list[Finding]:
    """Numbers whose distribution differs between train and a held-out split; NaN is left out of the comparison.

    Kolmogorov-Smirnov, false discoveries held to 1 % over all columns and splits (Benjamini and Hochberg 1995). With
    many samples the smallest shift is significant, so the largest distance of the two distribution functions must
    reach 0.1 as well.
    """
    from scipy.stats import ks_2samp

    rng = np.random.default_rng(0)
    shifts = []
    for split in (1, 2):
        for name, values in columns.items():
            train, held = (_some(values[(samples.splits == s) & ~np.isnan(values)], rng) for s in (0, split))
            if min(len(train), len(held)) >= _FEWEST:
                test = ks_2samp(train, held, method="asymp")
                shifts.append(_Shift(name, SPLITS[split], "D", float(test.statistic), float(test.pvalue)))
    return _finding(shifts, unit, len(columns))


def category_drift(columns: Mapping[str, NDArray[Any]], samples: Samples, unit: str = "columns") -> list[Finding]:
    """Categories (codes; NaN is one of its own) whose shares differ between train and a held-out split.

    Chi-square with the correction of :func:`numeric_drift`; Cramér's V must reach 0.1. Categories that are too rare
    for the test are taken together.
    """
    from scipy.stats import chi2_contingency

    shifts = []
    for split in (1, 2):
        for name, values in columns.items():
            codes = np.unique(values, return_inverse=True)[1]
            sides = [np.bincount(codes[samples.splits == s], minlength=codes.max() + 1) for s in (0, split)]
            counts = np.stack(sides).astype(np.float64)
            if min(counts.sum(axis=1)) < _FEWEST:
                continue
            expected = counts.sum(axis=0) * counts.sum(axis=1).min() / counts.sum()
            rest = counts[:, expected < 5].sum(axis=1, keepdims=True)
            counts = np.concatenate([counts[:, expected >= 5], rest[:, rest.sum(axis=0) > 0]], axis=1)
            if counts.shape[1] < 2:
                continue
            test = chi2_contingency(counts, correction=False)
            effect = math.sqrt(float(test.statistic) / counts.sum())
            shifts.append(_Shift(name, SPLITS[split], "V", effect, float(test.pvalue)))
    return _finding(shifts, unit, len(columns))


def told_apart(features: NDArray[Any], samples: Samples) -> list[Finding]:
    """Whether a classifier can tell a held-out sample from a training one, where no column alone can.

    Trees on at most 2,000 samples a side, judged on the half that they were not fitted on; the area under the curve
    must reach 0.65 and lie four standard errors above one half (Hanley and McNeil 1982, equal distributions).
    """
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import cross_val_predict

    rng = np.random.default_rng(0)
    found = []
    for split in (1, 2):
        train, held = (np.flatnonzero(samples.splits == s) for s in (0, split))
        size = min(len(train), len(held), _FITTED)
        if size < 2 * _FEWEST:
            continue
        chosen = np.concatenate([rng.choice(train, size, replace=False), rng.choice(held, size, replace=False)])
        side = np.repeat([0, 1], size)
        trees = ExtraTreesClassifier(60, min_samples_leaf=5, random_state=0)
        filled = np.nan_to_num(features[chosen].astype(np.float64), nan=-1e9)
        score = cross_val_predict(trees, filled, side, cv=2, method="predict_proba")[:, 1]
        area = float(roc_auc_score(side, score))
        error = math.sqrt((2 * size + 1) / (12 * size * size))
        if area >= _TELLS_APART and area >= 0.5 + 4 * error:
            found.append((SPLITS[split], area))
    if not found:
        return []
    return [
        Finding(
            "splits-told-apart",
            "warning",
            f"a classifier tells train from {' and '.join(split for split, _ in found)}",
            len(found),
            1.0,
            "The splits come from different sources, in a way that no column shows alone; scores may not hold.",
            "Find out how the splits were made; draw them at random from all samples if that is what use will be like.",
            tuple(
                Example(note=f"train against {split}: area under the curve {area:.3f}, 0.5 if alike")
                for split, area in found
            ),
            "splits",
        )
    ]


def _some(values: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    return values if len(values) <= _MOST else rng.choice(values, _MOST, replace=False)


def _finding(shifts: list[_Shift], unit: str, columns: int) -> list[Finding]:
    """Those that pass the step-up procedure and are large enough to matter."""
    ranked = sorted(shifts, key=lambda shift: shift.p)
    passed = [rank for rank, shift in enumerate(ranked, 1) if shift.p <= _LEVEL * rank / len(ranked)]
    kept = [shift for shift in ranked[: max(passed, default=0)] if shift.effect >= _EFFECT]
    if not kept:
        return []
    kept.sort(key=lambda shift: -shift.effect)
    names = len({shift.name for shift in kept})
    singular = {"properties": "property", "classes": "class share"}.get(unit, unit.removesuffix("s"))
    return [
        Finding(
            "drift" if unit != "classes" else "class-drift",
            "warning",
            f"{counted(names, singular + ' differs', unit + ' differ')} between train and a held-out split"
            if unit != "classes"
            else "the shares of the classes differ between train and a held-out split",
            names,
            names / max(1, columns),
            "Held-out samples are not like training samples, so that scores mix the model's error with the difference.",
            "Find out how the splits were made; draw them at random from all samples if that is what use will be like.",
            tuple(
                Example(note=f"{s.name}: train against {s.split} {s.measure} = {s.effect:.2f}, p = {s.p:.1g}")
                for s in kept[:EXAMPLES]
            ),
            unit,
        )
    ]
