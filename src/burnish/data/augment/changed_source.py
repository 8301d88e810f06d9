"""Rows or texts of another source, changed at random anew in every epoch."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from burnish.data.augment.draws import Draws
from burnish.data.augment.random_source import RandomSource
from burnish.data.augment.rows import RowAugmentation
from burnish.data.augment.symbols import SymbolAugmentation
from burnish.data.source import Source


class ChangedSource(RandomSource):
    """Rows or texts of another source under an augmentation; targets stay, unless samples are mixed.

    What happens to a sample is a function of the seed, the epoch and its number here, so it does not matter who gathers
    it, with which others, and when; so is the other sample that it is mixed with.

    Args:
        source: a training split.
        augmentation: what may happen, prepared with that split.
        seed: the user's seed.
        classes: number of classes, for samples that are mixed; 0 where targets are numbers.
        epoch: see :meth:`for_epoch`.

    >>> from burnish.data.augment.symbols import TokenDropout
    >>> from burnish.data.schema import Schema
    >>> from burnish.data.text import TextSource
    >>> text = TextSource(torch.tensor([0, 0, 1]), 2)
    >>> schema = Schema("text", "language-modelling", (2,), vocabulary=("a", "b"))
    >>> blank = SymbolAugmentation((TokenDropout(share=1.0, replacement="b"),)).prepared(schema, text)
    >>> ChangedSource(text, blank, 0).gather(torch.tensor([0]))
    (tensor([[1, 1]]), tensor([[0, 1]]))
    """

    def __init__(
        self,
        source: Source,
        augmentation: RowAugmentation | SymbolAugmentation,
        seed: int,
        *,
        classes: int = 0,
        epoch: int = 0,
    ) -> None:
        super().__init__(source, augmentation.operations, seed, classes, epoch)
        self.augmentation = augmentation

    def for_epoch(self, epoch: int) -> ChangedSource:
        """The samples as they are in one epoch."""
        source = self.source.for_epoch(epoch)
        return ChangedSource(source, self.augmentation, self.seed, classes=self.classes, epoch=epoch)

    def to(self, device: torch.device) -> ChangedSource:
        """The same samples, held on a device."""
        source, augmentation = self.source.to(device), self.augmentation.to(device)
        return ChangedSource(source, augmentation, self.seed, classes=self.classes, epoch=self.epoch)

    def changed(self, index: Tensor, draws: Draws) -> tuple[Any, Any]:
        """The samples after everything but mixing, stacked."""
        inputs, targets = self.source.gather(index)
        return self.augmentation.batch(inputs, draws), targets
