"""The multi-layer perceptron."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Literal

from torch import Tensor, nn

from burnish.common.errors import InputError, unknown
from burnish.layers.activations import activation as make_activation
from burnish.layers.initialise import initialise_
from burnish.models.foundations.flat_width import flat_width
from burnish.models.registry import register

_NORMALISATIONS: dict[str, type[nn.BatchNorm1d] | type[nn.LayerNorm]] = {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm}
_SATURATING = {"sigmoid", "tanh", "sign", "softplus", "identity"}


class MLP(nn.Module):
    """Linear layers with an activation between them.

    Source: Rumelhart, Hinton and Williams 1986, "Learning representations by back-propagating errors".

    Args:
        num_classes: outputs.
        in_features: numbers in one input.
        hidden: width of each hidden layer; empty leaves one linear layer.
        activation: a name of :func:`burnish.layers.activation`.
        dropout: chance that a hidden unit is left out of a training step.
        normalisation: ``batch`` or ``layer`` between a linear layer and its activation; None for none.
        init: a scheme, or schemes by layer name, of :func:`burnish.layers.initialise_`. By default He's for the
            activations that let half of the signal through, Xavier's for the others.

    Shape:
        ``(batch, *)`` with ``in_features`` numbers a sample, to ``(batch, num_classes)``.

    Raises:
        InputError: a width below 1, dropout outside [0, 1), or an unknown name.

    >>> [name for name, _ in MLP(10, 64, hidden=(32,)).named_parameters()]
    ['hidden.0.linear.weight', 'hidden.0.linear.bias', 'head.weight', 'head.bias']
    """

    def __init__(
        self,
        num_classes: int,
        in_features: int,
        hidden: Sequence[int] = (128, 128),
        activation: str = "relu",
        dropout: float = 0.0,
        normalisation: str | None = None,
        init: str | Mapping[str, str] | None = None,
    ) -> None:
        super().__init__()
        if not all(isinstance(width, int) and width >= 1 for width in hidden):
            raise InputError(f"hidden must list the widths of the hidden layers, each at least 1, got {tuple(hidden)}")
        if not 0 <= dropout < 1:
            raise InputError(f"dropout must lie in [0, 1), got {dropout}: it is the chance that a unit is left out")
        if normalisation is not None and normalisation not in _NORMALISATIONS:
            raise unknown("normalisation", normalisation, _NORMALISATIONS)
        blocks = []
        for wide, narrow in zip((in_features, *hidden[:-1]), hidden, strict=True) if hidden else ():
            block: OrderedDict[str, nn.Module] = OrderedDict(linear=nn.Linear(wide, narrow))
            if normalisation is not None:
                block["norm"] = _NORMALISATIONS[normalisation](narrow)
            block["act"] = make_activation(activation)
            if dropout:
                block["drop"] = nn.Dropout(dropout)
            blocks.append(nn.Sequential(block))
        self.hidden = nn.Sequential(*blocks)
        self.head = nn.Linear(hidden[-1] if hidden else in_features, num_classes)
        usual = "xavier-normal" if activation.lower() in _SATURATING else "he-normal"
        initialise_(self, init if init is not None else usual)

    def forward(self, inputs: Tensor) -> Tensor:
        return self.head(self.hidden(inputs.flatten(1)))  # type: ignore[no-any-return]


@register(
    "mlp",
    kinds=("image", "table", "points"),
    paper="Rumelhart, Hinton and Williams 1986",
    summary="fully connected layers of any depth",
)
def mlp(
    num_classes: int,
    in_channels: int,
    input_size: tuple[int, int] | None,
    hidden: Sequence[int] = (128, 128),
    activation: str = "relu",
    dropout: float = 0.0,
    normalisation: Literal["batch", "layer"] | None = None,
    init: str | Mapping[str, str] | None = None,
) -> nn.Module:
    """A multi-layer perceptron on flat inputs, or on the pixels of an image."""
    width = flat_width(in_channels, input_size)
    return MLP(num_classes, width, hidden, activation, dropout, normalisation, init)
