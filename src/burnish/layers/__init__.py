"""Building blocks on torch alone."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from burnish.layers.activations import activation
    from burnish.layers.attention import MultiHeadAttention
    from burnish.layers.conv_arithmetic import (
        ReceptiveField,
        Window,
        output_size,
        receptive_field,
        smallest_input,
        transposed_output_size,
    )
    from burnish.layers.deformable import DeformableConv2d, deform_conv2d
    from burnish.layers.denormalise import Denormalise
    from burnish.layers.initialise import initialise_
    from burnish.layers.normalise import Normalise
    from burnish.layers.squeeze_excite import SqueezeExcite
    from burnish.layers.stochastic_depth import StochasticDepth
    from burnish.layers.table_input import TableInput
    from burnish.layers.undrawn import undrawn

_HOMES = {
    "DeformableConv2d": "deformable",
    "Denormalise": "denormalise",
    "MultiHeadAttention": "attention",
    "Normalise": "normalise",
    "ReceptiveField": "conv_arithmetic",
    "SqueezeExcite": "squeeze_excite",
    "StochasticDepth": "stochastic_depth",
    "TableInput": "table_input",
    "Window": "conv_arithmetic",
    "activation": "activations",
    "deform_conv2d": "deformable",
    "initialise_": "initialise",
    "output_size": "conv_arithmetic",
    "receptive_field": "conv_arithmetic",
    "smallest_input": "conv_arithmetic",
    "transposed_output_size": "conv_arithmetic",
    "undrawn": "undrawn",
}

__all__ = [
    "DeformableConv2d",
    "Denormalise",
    "MultiHeadAttention",
    "Normalise",
    "ReceptiveField",
    "SqueezeExcite",
    "StochasticDepth",
    "TableInput",
    "Window",
    "activation",
    "deform_conv2d",
    "initialise_",
    "output_size",
    "receptive_field",
    "smallest_input",
    "transposed_output_size",
    "undrawn",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'burnish.layers' has no attribute '{name}'")
    return getattr(importlib.import_module(f"burnish.layers.{_HOMES[name]}"), name)
