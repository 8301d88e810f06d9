"""What a loader hands to a task."""

from __future__ import annotations

from typing import Any, NamedTuple

from torch import Tensor


class Batch(NamedTuple):
    """Samples that go through a model together.

    ``inputs`` and ``targets`` are tensors, or nested dicts and tuples of tensors, whose first dimension is the sample.
    ``index`` holds each sample's position in its split, ``(batch,)``, so that randomness, errors and mistakes can be
    traced to a sample. ``weight`` is this rank's share of a batch that several ranks split unevenly: the mean over the
    ranks of ``weight * loss.mean()`` is the mean over the whole batch.
    """

    inputs: Any
    targets: Any
    index: Tensor
    weight: float = 1.0

    def __len__(self) -> int:
        return len(self.index)
