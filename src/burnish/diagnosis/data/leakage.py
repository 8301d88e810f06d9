"""Columns that give the target away: each judged alone, on rows that it was not fitted on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.diagnosis.data.finding import EXAMPLES, Example, Finding, counted

_ROWS = 4_000
_WIDE = 200
_FEWEST = 30
_ALONE = 0.985
_STANDS_OUT = 0.9
_AHEAD = 3.0
_LEAVES = 64
_PROBED = 3


def leakage_findings(
    rows: NDArray[np.float32], target: NDArray[Any], names: Sequence[str], *, is_class: bool
) -> list[Finding]:
    """Columns that predict the target almost alone.

    A decision tree with at most 64 leaves is fitted on each column, on one half of the rows, and judged on the other,
    both ways. The score is 0 for the best constant answer and 1 for no error: the share of that answer's errors that
    the column removes (R2 for regression). A column is reported that reaches 0.985; or 0.9, with a third of the error
    that a forest on all other columns makes. In an easy set, where several columns predict well, none stands out.

    Args:
        rows: ``(rows, columns)``, NaN for missing.
        target: class or number of each row.
        names: of the columns.
        is_class: the target is a class.
    """
    rng = np.random.default_rng(0)
    most = _ROWS if rows.shape[1] <= _WIDE else _ROWS // 4
    if len(rows) > most:
        chosen = rng.choice(len(rows), most, replace=False)
        rows, target = rows[chosen], target[chosen]
    if len(rows) < _FEWEST or len(np.unique(target)) < 2:
        return []
    half = np.zeros(len(rows), np.bool_)
    half[rng.permutation(len(rows))[::2]] = True
    scores = np.array([_alone(column[:, None], target, half, is_class) for column in rows.T])
    leaks: list[tuple[int, float, float | None]] = []
    for number in np.argsort(-scores, kind="stable"):
        score = float(scores[number])
        if score < _STANDS_OUT:
            break
        if score >= _ALONE:
            leaks.append((int(number), score, None))
        elif len(leaks) < _PROBED and rows.shape[1] > 1:
            others = _together(np.delete(rows, number, axis=1), target, half, is_class)
            if 1 - others >= _AHEAD * (1 - score):
                leaks.append((int(number), score, others))
    if not leaks:
        return []
    measure = "share of errors removed" if is_class else "R2"
    return [
        Finding(
            "target-leakage",
            "error",
            f"{counted(len(leaks), 'column predicts', 'columns predict')} the target almost alone",
            len(leaks),
            len(leaks) / rows.shape[1],
            "Such a column is often the target in other words, or known only after it; in use it will not be there.",
            "Ask when and how the column is filled; leave it out unless it is known before the target.",
            tuple(
                Example(
                    note=f"{names[number]}: {measure} on held-out rows {score:.3f}"
                    + (f", all other columns together {others:.3f}" if others is not None else "")
                )
                for number, score, others in leaks[:EXAMPLES]
            ),
            "columns",
        )
    ]


def _alone(column: NDArray[np.float32], target: NDArray[Any], half: NDArray[np.bool_], is_class: bool) -> float:
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    kind = DecisionTreeClassifier if is_class else DecisionTreeRegressor
    return _held_out(kind(max_leaf_nodes=_LEAVES, min_samples_leaf=3, random_state=0), column, target, half, is_class)


def _together(rows: NDArray[np.float32], target: NDArray[Any], half: NDArray[np.bool_], is_class: bool) -> float:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    kind = RandomForestClassifier if is_class else RandomForestRegressor
    return _held_out(kind(60, min_samples_leaf=2, random_state=0), rows, target, half, is_class)


def _held_out(
    model: Any, rows: NDArray[np.float32], target: NDArray[Any], half: NDArray[np.bool_], is_class: bool
) -> float:
    """Skill over the best constant, each half predicted from the other."""
    wrong = constant = 0.0
    for fitted in (half, ~half):
        predicted = model.fit(rows[fitted], target[fitted]).predict(rows[~fitted])
        truth = target[~fitted]
        if is_class:
            values, counts = np.unique(target[fitted], return_counts=True)
            wrong += float((predicted != truth).sum())
            constant += float((values[counts.argmax()] != truth).sum())
        else:
            wrong += float(((predicted - truth) ** 2).sum())
            constant += float(((target[fitted].mean() - truth) ** 2).sum())
    return 1 - wrong / constant if constant else 0.0
