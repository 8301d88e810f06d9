"""What a loader hands to a task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor


@dataclass(slots=True)
class Batch:
    """Samples that go through a model together.

    ``inputs`` and ``targets`` are tensors, or nested dicts and tuples of tensors, whose first dimension is the sample.
    ``index`` holds each sample's position in its split, ``(batch,)``, so that randomness, errors and mistakes can be
    traced to a sample. ``weight`` is this rank's share of a batch that several ranks split unevenly: the mean over the
    ranks of ``weight * loss.mean()`` is the mean over the whole batch.

    Who wants other inputs (an attack, say) makes another batch with ``dataclasses.replace(batch, inputs=...)``.
    """

    inputs: Any
    targets: Any
    index: Tensor
    weight: float = 1.0

    def __len__(self) -> int:
        return len(self.index)

    def part(self, start: int, stop: int) -> Batch:
        """Samples ``start`` to ``stop`` as a batch of their own (the weight stays that of the whole)."""
        inputs, targets = map_tensors(lambda tensor: tensor[start:stop], (self.inputs, self.targets))
        return Batch(inputs, targets, self.index[start:stop], self.weight)


def map_tensors(function: Callable[[Tensor], Tensor], nested: Any) -> Any:
    """Apply a function to every tensor in nested dicts, lists and tuples; other values stay.

    >>> import torch
    >>> map_tensors(lambda t: t + 1, {"a": (torch.zeros(1), "b")})
    {'a': (tensor([1.]), 'b')}
    """
    if isinstance(nested, Tensor):
        return function(nested)
    if isinstance(nested, dict):
        return {key: map_tensors(function, value) for key, value in nested.items()}
    if isinstance(nested, tuple | list):
        mapped = [map_tensors(function, value) for value in nested]
        return type(nested)(*mapped) if hasattr(nested, "_fields") else type(nested)(mapped)
    return nested
