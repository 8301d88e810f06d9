"""What came of loading weights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

_SHOWN = 4


@dataclass(frozen=True)
class Difference:
    """A tensor whose shape in the file is not that in the model."""

    name: str
    there: tuple[int, ...]
    here: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.name} {_shape(self.there)} to {_shape(self.here)}"


@dataclass(frozen=True)
class LoadReport:
    """What came of loading weights into a model; names are the model's.

    Attributes:
        source: where the weights came from, as the user named it.
        matched: tensors that were taken, adapted ones included.
        missing: tensors that the file lacks; they stay as they were drawn.
        unexpected: tensors of the file that the model has no place for.
        mismatched: tensors of another shape in the file; they stay as they were drawn.
        adapted: tensors that were changed to fit: the first convolution for other channels, position embeddings for
            other sizes.
        share: of the model's numbers, those that were taken.
        sha256: of the file; empty for weights from memory.
        licence: that the publisher states; empty where none is.
    """

    source: str
    matched: tuple[str, ...]
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    mismatched: tuple[Difference, ...] = ()
    adapted: tuple[Difference, ...] = ()
    share: float = 1.0
    sha256: str = field(default="", repr=False)
    licence: str = ""

    def __str__(self) -> str:
        percent = math.floor(1000 * self.share) / 10  # 100 is only said of all
        parts = [f"{_counted(self.matched)}, {percent} % of the model, come from {self.source}"]
        for what, names in (
            ("adapted", self.adapted),
            ("left fresh for want of the right shape", self.mismatched),
            ("left fresh, not in the file", self.missing),
            ("in the file without a place in the model", self.unexpected),
        ):
            if names:
                parts.append(f"{what}: {_listed(names)}")
        if self.licence:
            parts.append(f"licence: {self.licence}")
        return "; ".join(parts)


def _counted(names: Sequence[str]) -> str:
    return "1 tensor" if len(names) == 1 else f"{len(names)} tensors"


def _listed(names: Sequence[object]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(map(str, names[:_SHOWN])) + more


def _shape(sides: tuple[int, ...]) -> str:
    return "x".join(map(str, sides)) or "scalar"
