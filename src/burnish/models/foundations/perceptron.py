"""Rosenblatt's perceptron."""

from __future__ import annotations

from torch import Tensor, nn

from burnish.models.foundations.flat_width import flat_width
from burnish.models.registry import register


class Perceptron(nn.Module):
    """One linear layer whose decision is a sign (two classes) or an argmax (more).

    Source: Rosenblatt 1958, "The perceptron: a probabilistic model for information storage and organization in the brain".
    The sign has no gradient, so the ``perceptron`` task trains it by its own rule: weights move only on mistakes.

    Args:
        num_classes: two classes share one output; more have one each.
        in_features: numbers in one input.

    Shape:
        ``(batch, *)`` with ``in_features`` numbers a sample, to scores ``(batch, 1)`` or ``(batch, num_classes)``.

    >>> import torch
    >>> Perceptron(2, 3)(torch.ones(4, 3)).shape
    torch.Size([4, 1])
    """

    def __init__(self, num_classes: int, in_features: int) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.linear = nn.Linear(in_features, 1 if num_classes <= 2 else num_classes)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.linear(inputs.flatten(1))  # type: ignore[no-any-return]

    def decide(self, inputs: Tensor) -> Tensor:
        """Classes ``(batch,)``: of two, class 1 where the score is positive."""
        scores = self(inputs)
        return (scores[:, 0] > 0).long() if scores.shape[1] == 1 else scores.argmax(dim=1)


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
