"""What targets mean: class numbers, class names, or numbers to predict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from burnish.common.errors import InputError
from burnish.data.schema import Goal

_MOST_CLASSES = 100_000


def read_targets(
    splits: Mapping[str, Any], goal: Literal["classification", "regression"] | None, notes: list[str]
) -> tuple[dict[str, Tensor | None], Goal, tuple[str, ...]]:
    """Targets of every split as tensors, the goal, and the class names.

    Args:
        splits: targets by split; None everywhere where there are none.
        goal: overrides what the type says: integers and strings are classes, floats are numbers to predict.
        notes: what was inferred is added here.

    Raises:
        InputError: the targets are not one class or number a sample.

    >>> targets, goal, classes = read_targets({"train": ["b", "a", "b"]}, None, [])
    >>> targets["train"].tolist(), goal, classes
    ([1, 0, 1], 'classification', ('a', 'b'))
    """
    if all(values is None for values in splits.values()):
        if goal is not None:
            raise InputError(f"there are no targets, so the goal cannot be {goal}: give (x, y)")
        return dict.fromkeys(splits), "generation", ()
    arrays = {split: _array(values, f"the {split} targets") for split, values in splits.items()}
    kinds = {array.dtype.kind for array in arrays.values()}
    if kinds <= {"U", "S"}:
        return _from_names(arrays, goal)
    if kinds & {"U", "S"}:
        raise InputError("targets are strings in one split and numbers in another: give all of one type")
    found: Goal = goal or ("regression" if "f" in kinds else "classification")
    if goal is None:
        notes.append(f"targets are {'floats' if found == 'regression' else 'integers'}, so the goal is {found}")
    if found == "regression":
        return {split: torch.from_numpy(array.astype(np.float32)) for split, array in arrays.items()}, found, ()
    return _from_numbers(arrays, notes)


def _array(values: Any, what: str) -> np.ndarray[Any, Any]:
    array = values.detach().cpu().numpy() if isinstance(values, Tensor) else np.asarray(values)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise InputError(f"{what} have shape {array.shape}: expected one class or number a sample, (samples,)")
    if array.dtype.kind not in "biufUS":
        raise InputError(
            f"{what} are of {array.dtype}: expected integers or strings for classes, floats for regression"
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise InputError(f"{what} have NaN or infinite values: remove those samples")
    return array


def _from_names(
    arrays: Mapping[str, np.ndarray[Any, Any]], goal: str | None
) -> tuple[dict[str, Tensor | None], Goal, tuple[str, ...]]:
    if goal == "regression":
        raise InputError("targets are strings, so the goal cannot be regression: give numbers, or goal=classification")
    names = np.unique(np.concatenate([array.astype(np.str_) for array in arrays.values()]))
    codes = {split: torch.from_numpy(np.searchsorted(names, array.astype(np.str_))) for split, array in arrays.items()}
    return dict(codes), "classification", tuple(names.tolist())


def _from_numbers(
    arrays: Mapping[str, np.ndarray[Any, Any]], notes: list[str]
) -> tuple[dict[str, Tensor | None], Goal, tuple[str, ...]]:
    labels = {split: array.astype(np.int64) for split, array in arrays.items()}
    for split, array in arrays.items():
        if (labels[split] != array).any():
            raise InputError(
                f"the {split} targets are not whole numbers, so they cannot be classes: use goal=regression"
            )
    together = np.concatenate(list(labels.values()))
    low, high = (int(together.min()), int(together.max())) if len(together) else (0, 0)
    if low < 0 or high >= _MOST_CLASSES:
        raise InputError(f"class labels must count from 0, got {low} to {high}: renumber them, or use goal=regression")
    present = len(np.unique(together))
    if present < high + 1:
        notes.append(f"labels run to {high} but only {present} of {high + 1} classes have a sample")
    classes = tuple(str(label) for label in range(high + 1))
    return {split: torch.from_numpy(values) for split, values in labels.items()}, "classification", classes
