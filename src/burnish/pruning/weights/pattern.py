"""N of every M weights: what such a pattern is called, and which weights it fits."""

from __future__ import annotations

import re
from collections.abc import Sequence

from burnish.common.errors import InputError
from burnish.pruning.weights.prunable import Weight

Pattern = str | tuple[int, int]


def parse_pattern(pattern: Pattern) -> tuple[int, int]:
    """N and M of an N:M pattern.

    Raises:
        InputError: not two whole numbers with 0 < N < M.

    >>> parse_pattern("2:4")
    (2, 4)
    """
    if isinstance(pattern, str):
        match = re.fullmatch(r"(\d+):(\d+)", pattern)
        numbers = tuple(int(part) for part in match.groups()) if match else ()
    else:
        numbers = tuple(pattern)
    if len(numbers) != 2 or not all(isinstance(number, int) for number in numbers) or not 0 < numbers[0] < numbers[1]:
        raise InputError(f"pattern must be N:M with 0 < N < M, such as '2:4', got {pattern!r}")
    return numbers[0], numbers[1]


def divisible(weights: Sequence[Weight], of: int) -> tuple[list[Weight], list[tuple[str, str]]]:
    """Weights that a pattern fits, and the rest with the reason.

    Raises:
        InputError: it fits none.
    """
    inputs = [weight.value.shape[weight.input_dim] for weight in weights]
    fit = [weight for weight, count in zip(weights, inputs, strict=True) if count % of == 0]
    rest = [
        (weight.name, f"{of} does not divide its {count} inputs")
        for weight, count in zip(weights, inputs, strict=True)
        if count % of
    ]
    if not fit:
        raise InputError(f"the pattern fits no weight: {of} divides no number of inputs, such as {inputs[:3]}")
    return fit, rest
