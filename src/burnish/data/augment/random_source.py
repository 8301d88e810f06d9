"""Samples of another source that change from epoch to epoch, by draws of their own."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from burnish.data.augment.draws import Draws
from burnish.data.augment.mixing import Mixing
from burnish.data.augment.operation import Operation
from burnish.data.source import Source


class RandomSource(Source):
    """A source whose samples are changed as a function of (seed, epoch, number in the split), and then mixed.

    Args:
        source: the samples as they are.
        operations: what may happen to them; those that mix two samples are done here, the others by :meth:`changed`.
        seed: the user's.
        classes: how many there are, for mixed targets; 0 where targets are numbers.
        epoch: see ``for_epoch``.
    """

    costly = True

    def __init__(self, source: Source, operations: Sequence[Operation], seed: int, classes: int, epoch: int) -> None:
        self.source = source
        self.seed = seed
        self.classes = classes
        self.epoch = epoch
        self.in_memory = source.in_memory
        self.draws = source.draws
        self._mixing = Mixing.among(operations)

    @abstractmethod
    def changed(self, index: Tensor, draws: Draws) -> tuple[Any, Any]:
        """The samples after everything but mixing, stacked."""

    def __len__(self) -> int:
        return len(self.source)

    def order(self, seed: int, epoch: int) -> Tensor:
        """The order in which training reads them: that of the source below."""
        return self.source.order(seed, epoch)

    def labels(self) -> Tensor | None:
        """The class labels, as they were before any mixing."""
        return self.source.labels()

    def describe(self, index: int) -> str:
        """What a person calls this sample."""
        return self.source.describe(index)

    def gather(self, index: Tensor) -> tuple[Any, Any]:
        """The samples as they are in this epoch, stacked."""
        draws = Draws(self.seed, self.epoch, index)
        inputs, targets = self.changed(index, draws)
        if not self._mixing:
            return inputs, targets
        others = self._mixing.partners(draws, len(self))
        theirs = self.changed(others, Draws(self.seed, self.epoch, others))
        return self._mixing.mix(inputs, targets, *theirs, draws, self.classes)
