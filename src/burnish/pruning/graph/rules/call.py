"""One operator that ran, as the rules see it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from burnish.pruning.graph.atoms import Atoms, Dim, Ids
from burnish.pruning.graph.rules.reshaping import Labels


@dataclass
class Call:
    """An operator with what it was given, what it returned, and the channels of its tensors.

    Attributes:
        operation: its overload.
        arguments: what it was called with by the names of its schema, defaults filled in.
        outputs: the tensors that it returned.
        atoms: the channels of the whole trace.
        of: channels along the dimensions of a tensor.
        is_live: whether a tensor depends on the inputs of the model, rather than on weights alone.
        consumes: takes note of a dimension that a weight reads from.
        makes: takes note of a dimension that a weight adds to its inputs'.
        places_of: the weights that have places which go with none but some channels, with the dimensions.
        attributes: sizes that the running module may hold as plain numbers: name, place in a tuple, channels.
        expected: starts, ends and amounts among the arguments that move when channels go: name, place, channels.
        problem: why channels had to be fixed here, if they had.
        refused: the weights whose channels they are, with the dimensions.
        named: weights whose rows the inputs of the model name, with the dimensions.
    """

    operation: Any
    arguments: dict[str, Any]
    outputs: list[Tensor]
    atoms: Atoms
    of: Callable[[Tensor], Labels]
    is_live: Callable[[Tensor], bool]
    consumes: Callable[[Dim], None]
    makes: Callable[[Dim], None]
    places_of: Callable[[list[Ids]], set[tuple[str, int]]]
    attributes: list[tuple[str, int | None, Dim]] = field(default_factory=list)
    expected: list[tuple[str, int | None, Dim]] = field(default_factory=list)
    problem: str = ""
    refused: set[tuple[str, int]] = field(default_factory=set)
    named: set[tuple[str, int]] = field(default_factory=set)

    def __getitem__(self, name: str) -> Any:
        return self.arguments[name]

    def tensor(self, *names: str) -> Tensor:
        """The first of these arguments that the operator has."""
        return next(self.arguments[name] for name in names if name in self.arguments)  # type: ignore[no-any-return]

    def labels(self, name: str) -> Labels:
        """Channels of an argument."""
        return self.of(self.arguments[name])

    def refuse(self, reason: str, *dims: Dim) -> None:
        """Fix channels that would otherwise be free, and say why."""
        free = [found for dim in dims if (found := self.atoms.resolve(dim)) is not None]
        if free:
            self.problem = self.problem or reason
            self.refused |= self.places_of(free)
        for dim in free:
            self.atoms.fix(dim)

    def name(self, dim: Dim) -> None:
        """Fix what the inputs of the model name by its number, as words of a table: it is as wide as they are."""
        found = self.atoms.resolve(dim)
        if found is not None:
            self.named |= self.places_of([found])
        self.atoms.fix(dim)

    def fix(self, dims: Sequence[Dim]) -> None:
        """Fix channels that have no meaning as such: positions of an image, of a sequence, samples."""
        for dim in dims:
            self.atoms.fix(dim)
