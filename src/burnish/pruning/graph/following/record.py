"""What was written down of a forward."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch

from burnish.pruning.graph.atoms import Dim
from burnish.pruning.graph.rules.reshaping import Labels

Key = tuple[str, str, int | None]
"""A number that a module holds: name of the module, of the attribute, and place in a tuple."""
_aten = torch.ops.aten
# Which of these run depends on strides, so on sizes; what they did shows in the next operator.
LAYOUT = {
    getattr(_aten, name)
    for name in (
        "view",
        "_unsafe_view",
        "_reshape_alias",
        "reshape",
        "clone",
        "contiguous",
        "alias",
        "detach",
        "expand",
        "as_strided_",
    )
}


@dataclass(frozen=True)
class Record:
    """One operator that ran.

    Attributes:
        operation: its overload.
        modules: names of the modules that were running, the innermost last.
        line: file and line of the user's code that called it.
        inputs: channels of its tensors.
        outputs: channels of what it returned.
        shapes: shapes of what it returned.
        numbers: those of its arguments that are values, not sizes.
        places: those of its arguments that move when channels go, with the channels before them.
    """

    operation: Any
    modules: tuple[str, ...]
    line: str
    inputs: tuple[Labels, ...]
    outputs: tuple[Labels, ...]
    shapes: tuple[tuple[int, ...], ...]
    numbers: tuple[float, ...]
    places: tuple[tuple[str, int | None, Dim], ...]


@dataclass(frozen=True)
class Attribute:
    """A plain number on a module that says how many channels there are.

    Attributes:
        module: its name.
        name: of the attribute.
        place: in a tuple, or None where it is a number.
        channels: those that it counts.
    """

    module: str
    name: str
    place: int | None
    channels: Dim


@dataclass(frozen=True)
class Suspect:
    """Why channels cannot go.

    Attributes:
        record: the operator that stands in the way.
        reason: what it needs.
        line: file and line of the user's code.
        places: names and dimensions of the weights whose channels they are.
    """

    record: Record
    reason: str
    line: str
    places: set[tuple[str, int]]


@dataclass(frozen=True)
class Run:
    """One recorded forward of the whole model.

    Attributes:
        example: what it was called with.
        training: the mode.
        records: its operators.
        touched: names of the weights that they read.
        consumed: dimensions of weights that products sum over.
        made: the other dimensions of those weights.
        attributes: numbers of modules that count channels.
        guesses: numbers of modules that may count channels.
        suspects: why channels were fixed.
        shown: dimensions of weights whose channels the outputs show, or the inputs name.
    """

    example: Any
    training: bool
    records: list[Record]
    touched: set[str]
    consumed: list[Dim]
    made: list[Dim]
    attributes: dict[Key, Attribute]
    guesses: list[Attribute]
    suspects: list[Suspect]
    shown: set[tuple[str, int]] = field(default_factory=set)

    @property
    def firm(self) -> list[Record]:
        """The operators that run whatever the strides are."""
        return [record for record in self.records if record.operation.overloadpacket not in LAYOUT]

    def around(self, place: int) -> list[Record]:
        """The operators after the firm one before a place, up to the firm one there: one of them is at fault."""
        firm = [number for number, record in enumerate(self.records) if record.operation.overloadpacket not in LAYOUT]
        start = firm[place - 1] + 1 if place else 0
        end = firm[place] + 1 if place < len(firm) else len(self.records)
        return self.records[start:end] or self.records[-1:]
