"""What a predict function gave back, as one class number a sample."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from burnish.common.errors import InputError
from burnish.models.auxiliary import main_output


def labels_from(answer: Any, count: int, name: str) -> tuple[Tensor, int | None]:
    """Read labels ``(N,)``, or scores ``(N, classes)`` of which the largest counts.

    Args:
        answer: a tensor, an array or a list.
        count: samples that were asked about.
        name: of the function, for the message of an error.

    Returns:
        The classes ``(N,)`` as int64 on the CPU, and how many classes the scores told of, if they were scores.

    Raises:
        InputError: the answer is none of these, has another length, or holds NaN.

    >>> labels_from([[0.2, 0.8], [0.9, 0.1]], 2, "predict")
    (tensor([1, 0]), 2)
    """
    expected = f"{name} must answer {count} samples with labels ({count},) or scores ({count}, classes)"
    found = _as_tensor(answer, expected)
    shape = tuple(found.shape)
    if found.ndim not in (1, 2) or len(found) != count:
        raise InputError(f"{expected}, got shape {shape}")
    if found.dtype == torch.bool or found.is_complex():
        raise InputError(f"{expected}, got {found.dtype}")
    if found.is_floating_point() and bool(found.isnan().any()):
        raise InputError(f"{expected}, got NaN")
    if found.ndim == 2:
        if shape[1] < 2:
            raise InputError(f"{expected}, got shape {shape}: one number a sample is no class, return labels instead")
        return found.argmax(dim=1), shape[1]
    labels = found.long()
    if found.is_floating_point() and not bool((labels == found).all()):
        raise InputError(f"{expected}, got {count} fractions: return a score for each class, or whole class numbers")
    if bool((labels < 0).any()):
        raise InputError(f"{expected}, got the class number {int(labels.min())}")
    return labels, None


def _as_tensor(answer: Any, expected: str) -> Tensor:
    answer = main_output(answer)
    if isinstance(answer, Tensor):
        return answer.detach().cpu()
    import numpy as np

    try:
        return torch.from_numpy(np.array(answer))
    except (TypeError, ValueError, RuntimeError):
        raise InputError(f"{expected}, got {type(answer).__name__} that holds no numbers") from None
