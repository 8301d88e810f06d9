"""Initial weights by name, for a whole model or by layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError, unknown

SCHEMES: dict[str, Callable[[Tensor], object]] = {
    "he-normal": lambda weight: nn.init.kaiming_normal_(weight, nonlinearity="relu"),
    "he-uniform": lambda weight: nn.init.kaiming_uniform_(weight, nonlinearity="relu"),
    "orthogonal": nn.init.orthogonal_,
    "small-normal": lambda weight: nn.init.normal_(weight, std=0.01),
    "uniform": lambda weight: nn.init.uniform_(weight, -(_fan_in(weight) ** -0.5), _fan_in(weight) ** -0.5),
    "xavier-normal": nn.init.xavier_normal_,
    "xavier-uniform": nn.init.xavier_uniform_,
    "zeros": nn.init.zeros_,
}


def _fan_in(weight: Tensor) -> int:
    return weight[0].numel()


def _layers(model: nn.Module) -> dict[str, list[tuple[str, nn.Parameter]]]:
    """Name of each layer with weights (matrices and larger), and its own parameters. Normalisation keeps its ones."""
    found: dict[str, list[tuple[str, nn.Parameter]]] = {}
    for name, module in model.named_modules():
        own = list(module.named_parameters(recurse=False))
        if not isinstance(module, nn.Embedding) and any(parameter.ndim >= 2 for _, parameter in own):
            found[name] = own
    return found


def initialise_(model: nn.Module, scheme: str | Mapping[str, str]) -> nn.Module:
    """Draw the weights of linear, convolutional and recurrent layers anew; their biases become zero.

    ======================  ====================================================================================
    ``zeros``               all zero: every unit of a layer then learns the same thing
    ``small-normal``        N(0, 0.01^2)
    ``uniform``             U(-1/sqrt(fan_in), 1/sqrt(fan_in)), the "commonly used" one of Glorot eq. 1
    ``xavier-normal``       variance 2 / (fan_in + fan_out): Glorot and Bengio 2010, eq. 12
    ``xavier-uniform``      the same variance from a uniform: eq. 16
    ``he-normal``           variance 2 / fan_in: He et al. 2015 (arXiv:1502.01852), eq. 10
    ``he-uniform``          the same variance from a uniform
    ``orthogonal``          a random orthogonal matrix: Saxe et al. 2014 (arXiv:1312.6120)
    ======================  ====================================================================================

    Args:
        model: any module, changed in place. Normalisation layers and embeddings are left as they are.
        scheme: one name for every layer, or ``{pattern of layer names: name}``; the first pattern that matches
            decides, and layers that none matches are left as they are.

    Returns:
        The model itself.

    Raises:
        InputError: unknown scheme, or a pattern that matches no layer.

    >>> net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    >>> initialise_(net, {"2": "zeros"})[2].weight.tolist()
    [[0.0, 0.0, 0.0]]
    """
    rules = {"*": scheme} if isinstance(scheme, str) else dict(scheme)
    for wanted in rules.values():
        if wanted.replace("_", "-") not in SCHEMES:
            raise unknown("initialisation", wanted, SCHEMES)
    layers = _layers(model)
    for pattern in rules:
        if not any(fnmatchcase(name, pattern) for name in layers):
            listed = ", ".join(name or "(the model itself)" for name in layers) or "none"
            raise InputError(f"no layer with weights matches '{pattern}': the layers are {listed}")
    for name, parameters in layers.items():
        chosen = next((rules[pattern] for pattern in rules if fnmatchcase(name, pattern)), None)
        if chosen is not None:
            _draw(parameters, SCHEMES[chosen.replace("_", "-")])
    return model


def _draw(parameters: list[tuple[str, nn.Parameter]], draw: Callable[[Tensor], object]) -> None:
    with torch.no_grad():
        for name, parameter in parameters:
            if parameter.ndim >= 2:
                draw(parameter)
            elif "bias" in name:
                parameter.zero_()
