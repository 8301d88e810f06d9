"""Channels that can be removed, and everything that goes with each of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from torch import Tensor

Role = Literal["produces", "carries", "consumes"]


@dataclass(frozen=True)
class Slice:
    """What the channels of a group are in one dimension of one parameter or buffer.

    Attributes:
        tensor: name of the parameter or buffer in the model.
        dim: the dimension.
        index: positions of each channel, ``(channels, positions of one)``.
        role: whether the weight makes these channels, reads from them, or goes with them (normalisation, bias, state).
        is_buffer: whether it is a buffer.
    """

    tensor: str
    dim: int
    index: Tensor = field(repr=False)
    role: Role
    is_buffer: bool = False

    @property
    def module(self) -> str:
        """Name of the module that holds it."""
        return self.tensor.rpartition(".")[0]


@dataclass(frozen=True)
class Counted:
    """A plain number on a module that counts channels.

    Attributes:
        module: its name.
        name: of the attribute.
        place: in a tuple, or None where it is a number.
        positions: those of what it counts that go with a channel of the group, ``(n,)``.
        channels: that channel for each of them, ``(n,)``.
    """

    module: str
    name: str
    place: int | None
    positions: Tensor = field(repr=False)
    channels: Tensor = field(repr=False)


@dataclass(frozen=True)
class Group:
    """Channels of one kind, each of which can be removed alone, with all that must go with it.

    Attributes:
        name: of the first module that makes them.
        count: channels. At least one must stay.
        granularity: outputs of that module that are one channel here: 1, or the width of a head, or one of every group.
        slices: where they are in parameters and buffers.
        counted: numbers of modules that change with them.
        atoms: what stands for each channel in the graph.
    """

    name: str
    count: int
    granularity: int
    slices: tuple[Slice, ...] = field(repr=False)
    counted: tuple[Counted, ...] = field(repr=False)
    atoms: Tensor = field(repr=False)

    @property
    def producers(self) -> tuple[str, ...]:
        """Names of the modules whose outputs they are."""
        return tuple(dict.fromkeys(part.module for part in self.slices if part.role == "produces"))

    @property
    def consumers(self) -> tuple[str, ...]:
        """Names of the modules that read them."""
        return tuple(dict.fromkeys(part.module for part in self.slices if part.role == "consumes"))


@dataclass(frozen=True)
class Refusal:
    """Outputs of layers that cannot be removed although they are neither the model's input nor its output.

    Attributes:
        layers: names of the modules.
        module: name of the module whose forward stands in the way.
        line: file and line of the code; empty where no one line stands in the way.
        reason: why.
    """

    layers: tuple[str, ...]
    module: str
    line: str
    reason: str

    def __str__(self) -> str:
        layers = ", ".join(self.layers[:4]) + (f" and {len(self.layers) - 4} more" if len(self.layers) > 4 else "")
        where = f" (in '{self.module or 'the model'}', {self.line})" if self.line else ""
        return f"{layers} cannot be narrowed: {self.reason}{where}"
