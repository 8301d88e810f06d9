"""Logistic regression: one linear layer, whose outputs are logits."""

from __future__ import annotations

from torch import Tensor, nn

from burnish.models.foundations.flat_width import flat_width
from burnish.models.registry import register


class LogisticRegression(nn.Module):
    """One linear layer; with a softmax cross-entropy its loss is convex.

    Source: Cox 1958, "The regression analysis of binary sequences". With one output and a squared loss it is linear
    regression.

    Args:
        num_classes: outputs.
        in_features: numbers in one input.

    Shape:
        ``(batch, *)`` with ``in_features`` numbers a sample, to logits ``(batch, num_classes)``.

    >>> import torch
    >>> LogisticRegression(3, 4)(torch.ones(2, 2, 2)).shape
    torch.Size([2, 3])
    """

    def __init__(self, num_classes: int, in_features: int) -> None:
        super().__init__()
        self.linear = nn.Linear(in_features, num_classes)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.linear(inputs.flatten(1))  # type: ignore[no-any-return]


@register(
    "logistic-regression",
    kinds=("image", "table", "points"),
    paper="Cox 1958",
    summary="one linear layer; linear regression where the target is a number",
)
def logistic_regression(num_classes: int, in_channels: int, input_size: tuple[int, int] | None) -> nn.Module:
    """Logistic regression on flat inputs, or on the pixels of an image."""
    return LogisticRegression(num_classes, flat_width(in_channels, input_size))
