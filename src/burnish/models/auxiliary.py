"""The outputs of a model that classifies at several depths while it trains."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from torch import Tensor


class AuxiliaryOutput(NamedTuple):
    """What a model with auxiliary classifiers returns in training mode; in evaluation it returns its logits alone.

    The loss is that of the logits plus ``weight`` times that of each auxiliary output.

    Attributes:
        logits: of the main head, ``(batch, classes)``.
        auxiliary: of the others, from the shallowest, ``(batch, classes)`` each.
        weight: share of each auxiliary loss: 0.3 for GoogLeNet (Szegedy et al. 2014, arXiv:1409.4842, section 5).
    """

    logits: Tensor
    auxiliary: tuple[Tensor, ...]
    weight: float

    def map(self, change: Callable[[Tensor], Tensor]) -> AuxiliaryOutput:
        """The same with every output changed."""
        return AuxiliaryOutput(change(self.logits), tuple(map(change, self.auxiliary)), self.weight)


def main_output(output: Any) -> Any:
    """The logits of an output with or without auxiliary ones."""
    return output.logits if isinstance(output, AuxiliaryOutput) else output


def weighted_loss(loss: Callable[[Any], Tensor], output: Any) -> Tensor:
    """The loss of an output with or without auxiliary ones, each weighted as the model says.

    Args:
        loss: from one output to its loss, of any shape.
        output: of a model.

    >>> import torch
    >>> heads = AuxiliaryOutput(torch.tensor([1.0]), (torch.tensor([2.0]),), 0.5)
    >>> weighted_loss(torch.sum, heads).item()
    2.0
    """
    if not isinstance(output, AuxiliaryOutput):
        return loss(output)
    total = loss(output.logits)
    for other in output.auxiliary:
        total = total + output.weight * loss(other)
    return total
