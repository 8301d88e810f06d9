"""All splits of a data set as one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor

from burnish.data import Source


class Joined(Source):
    """Sources one after another, renumbered from 0.

    Args:
        parts: sources of tensors of the same shape.

    >>> from burnish.data import TensorSource
    >>> both = Joined([TensorSource(torch.arange(2.0)), TensorSource(torch.arange(10.0, 13.0))])
    >>> both.gather(torch.tensor([4, 0, 2]))[0].tolist()
    [12.0, 0.0, 10.0]
    """

    def __init__(self, parts: Sequence[Source]) -> None:
        self.parts = [part for part in parts if len(part)]
        self.starts = torch.tensor([0, *accumulate(map(len, self.parts))])
        self.in_memory = all(part.in_memory for part in self.parts)
        self.draws = any(part.draws for part in self.parts)

    def __len__(self) -> int:
        return int(self.starts[-1])

    def gather(self, index: Tensor) -> tuple[Any, Any]:
        """The chosen samples, stacked, whichever part they are in."""
        part_of = torch.bucketize(index, self.starts[1:], right=True)
        present = sorted(set(part_of.tolist()))
        order = torch.cat([(part_of == part).nonzero().flatten() for part in present]).argsort()
        gathered = [self.parts[part].gather(index[part_of == part] - self.starts[part]) for part in present]
        inputs, targets = (torch.cat(columns) for columns in zip(*gathered, strict=True))
        return inputs[order.to(inputs.device)], targets[order.to(targets.device)]

    def to(self, device: torch.device) -> Source:
        """The same samples, held on a device."""
        return Joined([part.to(device) for part in self.parts])

    def describe(self, index: int) -> str:
        """What a person calls this sample."""
        part = int(torch.bucketize(torch.tensor(index), self.starts[1:], right=True))
        return self.parts[part].describe(index - int(self.starts[part]))
