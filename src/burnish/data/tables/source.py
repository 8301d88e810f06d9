"""Rows of a table in memory."""

from __future__ import annotations

import torch
from torch import Tensor

from burnish.data.source import TensorSource


class TableSource(TensorSource):
    """Encoded rows that still know where in the file they were.

    Args:
        inputs: ``(rows, columns)`` float32.
        targets: ``(rows,)`` labels or numbers.
        numbers: row of each in the file, ``(rows,)``, from 1, without the header.
        name: the file.

    >>> TableSource(torch.zeros(1, 2), torch.zeros(1), torch.tensor([7]), "iris.csv").describe(0)
    'iris.csv row 7'
    """

    targets: Tensor

    def __init__(self, inputs: Tensor, targets: Tensor, numbers: Tensor, name: str) -> None:
        super().__init__(inputs, targets)
        self.numbers = numbers
        self.name = name

    def rows(self, index: Tensor) -> TableSource:
        """A copy of some samples, as they are held."""
        held = index.to(self.inputs.device)
        return TableSource(self.inputs[held], self.targets[held], self.numbers[index.cpu()], self.name)

    def to(self, device: torch.device) -> TableSource:
        """The same samples, held on a device."""
        return TableSource(self.inputs.to(device), self.targets.to(device), self.numbers, self.name)

    def describe(self, index: int) -> str:
        """File and row."""
        return f"{self.name} row {int(self.numbers[index])}"
