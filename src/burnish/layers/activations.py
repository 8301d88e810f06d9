"""Activations by name."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from burnish.common.errors import unknown


class Sign(nn.Module):
    """-1, 0 or 1.

    Its gradient is zero everywhere: a network with it inside learns only by rules that need no gradient.
    """

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs.sign()


ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "identity": nn.Identity,
    "leaky-relu": nn.LeakyReLU,
    "relu": nn.ReLU,
    "sigmoid": nn.Sigmoid,
    "sign": Sign,
    "silu": nn.SiLU,
    "softplus": nn.Softplus,
    "tanh": nn.Tanh,
}


def activation(name: str) -> nn.Module:
    """A fresh activation module; ``-`` and ``_`` are the same.

    Raises:
        InputError: no activation has this name.

    >>> activation("relu")
    ReLU()
    """
    key = name.lower().replace("_", "-")
    if key not in ACTIVATIONS:
        raise unknown("activation", name, ACTIVATIONS)
    return ACTIVATIONS[key]()
