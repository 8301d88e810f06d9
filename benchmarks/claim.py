"""What a claim is: a result file, its bars, and how they are read off the rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Bar:
    """One number to reach; ``measured`` finds it in the rows of a result, and whether it is good enough."""

    what: str
    bar: str
    measured: Callable[[Rows], tuple[str, bool]]


@dataclass(frozen=True)
class Claim:
    """A result file, and what it is to show."""

    result: str
    title: str
    text: str
    bars: tuple[Bar, ...]
