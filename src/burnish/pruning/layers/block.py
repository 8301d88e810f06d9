"""A block that can be taken out of a model whole, and one that cannot."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Block:
    """A module whose output has the shape of its input.

    Attributes:
        name: in the model, as in ``named_modules``.
        kind: its class.
        parameters: how many go with it; those that others share stay.
        shape: of its input and output, for the example.
        shortcut: whether the input has a way around its weights. Without the block the shortcut is what is left.
    """

    name: str
    kind: str
    parameters: int
    shape: tuple[int, ...]
    shortcut: bool


@dataclass(frozen=True)
class Refusal:
    """A module that has to stay, and why."""

    name: str
    kind: str
    reason: str

    def __str__(self) -> str:
        return f"{self.name} ({self.kind}) {self.reason}"


@dataclass(frozen=True)
class Blocks:
    """What :func:`burnish.pruning.layers.find_blocks` found.

    Attributes:
        removable: in the order in which they run.
        refusals: blocks of the same kinds that have to stay, or the largest modules where nothing can go.
    """

    removable: tuple[Block, ...]
    refusals: tuple[Refusal, ...]
