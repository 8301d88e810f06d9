"""Rosenblatt's perceptron."""

from __future__ import annotations

from torch import Tensor, nn

from burnish.models.foundations.flat_width import flat_width
from burnish.models.registry import register


class Perceptron(nn.Module):
    """One linear layer whose decision has no slope: a sign for two classes, the largest score for more.

    Source: Rosenblatt 1958, "The perceptron: a probabilistic model for information storage and organization in the
    brain". As the decision has no gradient, the ``perceptron`` task trains it by its own rule: weights move only on
    mistakes. Every class has a score of its own, as in any classifier here; of two classes, the sign of the difference
    of their scores is Rosenblatt's unit.

    Args:
        num_classes: outputs.
        in_features: numbers in one input.

    Shape:
        ``(batch, *)`` with ``in_features`` numbers a sample, to scores ``(batch, num_classes)``.

    >>> import torch
    >>> Perceptron(2, 3)(torch.ones(4, 3)).shape
    torch.Size([4, 2])
    """

    def __init__(self, num_classes: int, in_features: int) -> None:
        super().__init__()
        self.linear = nn.Linear(in_features, num_classes)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.linear(inputs.flatten(1))  # type: ignore[no-any-return]

    def activate(self, inputs: Tensor) -> Tensor:
        """The unit's output ``(batch,)``: of two classes -1 or 1 (0 on the line between them), else the class."""
        scores: Tensor = self(inputs)
        return (scores[:, 1] - scores[:, 0]).sign() if scores.shape[1] == 2 else scores.argmax(dim=1)


@register(
    "perceptron",
    kinds=("image", "table", "points"),
    paper="Rosenblatt 1958",
    task="perceptron",
    summary="one linear layer, sign activation, learns from mistakes",
)
def perceptron(num_classes: int, in_channels: int, input_size: tuple[int, int] | None) -> nn.Module:
    """A perceptron on flat inputs, or on the pixels of an image."""
    return Perceptron(num_classes, flat_width(in_channels, input_size))
