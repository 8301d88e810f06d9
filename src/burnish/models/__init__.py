"""Named architectures, the registry that finds them, and what can be said of any model: counts and latency."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from burnish.models.count import Counts, LayerCount, count
    from burnish.models.for_data import default_model, for_data
    from burnish.models.latency import Latency, measure_latency
    from burnish.models.notes import notes
    from burnish.models.registry import ModelEntry, create, entry, names, register
    from burnish.models.with_input import WithInput

_HOMES = {
    "Counts": "count",
    "Latency": "latency",
    "LayerCount": "count",
    "ModelEntry": "registry",
    "WithInput": "with_input",
    "count": "count",
    "create": "registry",
    "default_model": "for_data",
    "entry": "registry",
    "for_data": "for_data",
    "measure_latency": "latency",
    "names": "registry",
    "notes": "notes",
    "register": "registry",
}

__all__ = [
    "Counts",
    "Latency",
    "LayerCount",
    "ModelEntry",
    "WithInput",
    "count",
    "create",
    "default_model",
    "entry",
    "for_data",
    "measure_latency",
    "names",
    "notes",
    "register",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'burnish.models' has no attribute '{name}'")
    found = getattr(importlib.import_module(f"burnish.models.{_HOMES[name]}"), name)
    globals()[name] = found  # `models.count` is the function, though its submodule has the same name
    return found
