"""How sparse a model is: layer by layer, and in all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from torch import nn

from burnish.pruning.weights.prunable import Weight, prunable_weights


@dataclass(frozen=True)
class LayerSparsity:
    """One weight: its name and shape, how many numbers it has, and how many of them are removed."""

    name: str
    shape: tuple[int, ...]
    weights: int
    removed: int

    @property
    def sparsity(self) -> float:
        """Share that is removed."""
        return self.removed / self.weights


@dataclass(frozen=True)
class Sparsity:
    """What was removed of a model.

    Attributes:
        layers: a row a weight.
        parameters: numbers in all parameters of the model; biases, normalisation and what was ignored are among them.
        left_dense: weights that the pattern does not fit, each with the reason.
    """

    layers: tuple[LayerSparsity, ...]
    parameters: int
    left_dense: tuple[tuple[str, str], ...] = ()

    @property
    def weights(self) -> int:
        """Numbers that could be removed."""
        return sum(layer.weights for layer in self.layers)

    @property
    def removed(self) -> int:
        """Numbers that are."""
        return sum(layer.removed for layer in self.layers)

    @property
    def sparsity(self) -> float:
        """Share of the weights that is removed."""
        return self.removed / self.weights

    @property
    def of_parameters(self) -> float:
        """Share of all parameters that is removed."""
        return self.removed / self.parameters

    def __str__(self) -> str:
        width = max(len("total"), *(len(layer.name) for layer in self.layers))
        rows = [
            f"{layer.name:<{width}}  {layer.sparsity:7.2%}  {layer.removed} of {layer.weights}" for layer in self.layers
        ]
        total = f"{'total':<{width}}  {self.sparsity:7.2%}  {self.removed} of {self.weights}"
        return "\n".join([*rows, total, *(f"{name} stays dense: {why}" for name, why in self.left_dense)])


def measure_sparsity(model: nn.Module, ignore: Iterable[str] = ()) -> Sparsity:
    """Count the weights that are masked, or zero where there is no mask.

    Args:
        model: any module.
        ignore: names of modules or weights to leave out.

    Raises:
        InputError: see :func:`burnish.pruning.weights.prunable.prunable_weights`.

    >>> layer = nn.Linear(2, 2)
    >>> _ = nn.init.eye_(layer.weight)
    >>> measure_sparsity(layer).sparsity
    0.5
    """
    return describe(model, prunable_weights(model, ignore))


def describe(model: nn.Module, weights: Sequence[Weight], left_dense: Sequence[tuple[str, str]] = ()) -> Sparsity:
    """The rows of some weights of a model."""
    layers = tuple(
        LayerSparsity(weight.name, tuple(weight.value.shape), weight.value.numel(), _removed(weight))
        for weight in weights
    )
    return Sparsity(layers, sum(parameter.numel() for parameter in model.parameters()), tuple(left_dense))


def _removed(weight: Weight) -> int:
    if weight.mask is not None:
        return weight.mask.removed
    return weight.value.numel() - int(weight.value.count_nonzero())
