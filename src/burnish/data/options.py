"""Every choice about loading data. Imported by the command line, so no torch here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class DataOptions:
    """How to read data."""

    target: str | None = None
    """Column to predict, for tables. Default: the last column."""
    goal: Literal["classification", "regression"] | None = None
    """What the target asks for. Default: read from the target's values, and said."""
    input_size: int | None = None
    """Side that images are resized to. Default: the common size of the images, at most 224."""
    sequence_length: int = 128
    """Symbols per training window of a text."""
    validation: float | None = None
    """Share held out for validation where the data has no such split. Default: 0.1."""
    test: float | None = None
    """Share held out for the test where the data has no such split. Default: 0.2, and 0.1 for text."""
    skip_unreadable: bool = False
    """Leave out files that cannot be read instead of stopping at the first."""
    cache_mb: int = 1024
    """Decoded images up to this size (megabytes) are kept in memory; larger sets are read from files while training."""
