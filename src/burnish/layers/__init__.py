"""Building blocks on torch alone."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from burnish.layers.activations import activation
    from burnish.layers.conv_arithmetic import Extent, output_size, receptive_field
    from burnish.layers.denormalise import Denormalise
    from burnish.layers.initialise import initialise_
    from burnish.layers.normalise import Normalise
    from burnish.layers.table_input import TableInput

_HOMES = {
    "Denormalise": "denormalise",
    "Extent": "conv_arithmetic",
    "Normalise": "normalise",
    "TableInput": "table_input",
    "activation": "activations",
    "initialise_": "initialise",
    "output_size": "conv_arithmetic",
    "receptive_field": "conv_arithmetic",
}

__all__ = [
    "Denormalise",
    "Extent",
    "Normalise",
    "TableInput",
    "activation",
    "initialise_",
    "output_size",
    "receptive_field",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'burnish.layers' has no attribute '{name}'")
    return getattr(importlib.import_module(f"burnish.layers.{_HOMES[name]}"), name)
