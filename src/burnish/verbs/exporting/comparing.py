"""Whether a file answers as the model does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.common.module_state import evaluating

Answer = Callable[[Tensor], list[Tensor]]
"""From inputs to every output tensor, in order."""

_ALIKE = 1e-4
"""Share of the largest answer that rounding may make; deep networks in float32 stay well below 1e-5."""
_CHUNK = 64


@dataclass(frozen=True)
class Comparison:
    """Answers held against each other.

    Attributes:
        difference: the largest; infinite where one is a number and the other is not.
        largest: the model's largest answer.
        outputs: the model's outputs for the first samples.
    """

    difference: float
    largest: float
    outputs: list[Tensor] = field(repr=False)

    @property
    def alike(self) -> bool:
        """Whether rounding explains the difference."""
        return self.difference <= _ALIKE * max(self.largest, 1e-6)


def compare(module: nn.Module, answer: Answer, inputs: Tensor, batch: int | Literal["dynamic"]) -> Comparison:
    """Run the model and the file on the same inputs.

    Args:
        module: the model, which is evaluated.
        answer: the file.
        inputs: samples ``(count, *shape)``.
        batch: a fixed number of samples, or ``dynamic``: then one sample alone and several together.

    Raises:
        InputError: the file fails, or gives outputs of another number or shape.
    """
    difference = largest = 0.0
    outputs: list[Tensor] = []
    with evaluating(module):
        for part in _parts(inputs, batch):
            expected = [leaf for leaf in torch.utils._pytree.tree_leaves(module(part)) if isinstance(leaf, Tensor)]
            try:
                found = answer(part)
            except Exception as error:
                reason = " ".join(str(error).split())[:200]
                raise InputError(f"the exported model fails on {len(part)} samples: {reason}") from error
            shapes = [[tuple(one.shape) for one in many] for many in (expected, found)]
            if shapes[0] != shapes[1]:
                raise InputError(f"the exported model gives shapes {shapes[1]}, the run's gives {shapes[0]}")
            outputs = outputs or expected
            for one, other in zip(expected, found, strict=True):
                difference = max(difference, _apart(one, other))
                finite = one.detach().double().abs()
                largest = max(largest, finite[finite.isfinite()].max().item() if finite.isfinite().any() else 0.0)
    return Comparison(difference, largest, outputs)


def _parts(inputs: Tensor, batch: int | Literal["dynamic"]) -> list[Tensor]:
    if batch == "dynamic":
        return [inputs[:1], *inputs[1:].split(_CHUNK)] if len(inputs) > 1 else [inputs]
    missing = -len(inputs) % batch
    filled = torch.cat([inputs, inputs[torch.arange(missing, device=inputs.device) % len(inputs)]])
    return list(filled.split(batch))


def _apart(one: Tensor, other: Tensor) -> float:
    one, other = one.detach().cpu().double(), other.detach().cpu().double()
    same = (one == other) | (one.isnan() & other.isnan())
    gaps = (one - other).abs().masked_fill(same, 0.0).nan_to_num(nan=float("inf"))
    return gaps.max().item() if gaps.numel() else 0.0
