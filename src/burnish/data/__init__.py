"""Data: where samples come from, how they are split, and how batches of them are made."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from burnish.data.batch import Batch
    from burnish.data.data import Data
    from burnish.data.loaders.loader import Loader, evaluation_loader, make_loader
    from burnish.data.loading import load
    from burnish.data.named.catalogue import entry, names
    from burnish.data.options import DataOptions
    from burnish.data.schema import Column, Schema
    from burnish.data.source import Source, Subset, TensorSource
    from burnish.data.splits import split_indices

__all__ = [
    "Batch",
    "Column",
    "Data",
    "DataOptions",
    "Loader",
    "Schema",
    "Source",
    "Subset",
    "TensorSource",
    "entry",
    "evaluation_loader",
    "load",
    "make_loader",
    "names",
    "split_indices",
]

_HOMES = {
    "Batch": "batch",
    "Column": "schema",
    "Data": "data",
    "DataOptions": "options",
    "Loader": "loaders.loader",
    "Schema": "schema",
    "Source": "source",
    "Subset": "source",
    "TensorSource": "source",
    "entry": "named.catalogue",
    "evaluation_loader": "loaders.loader",
    "load": "loading",
    "make_loader": "loaders.loader",
    "names": "named.catalogue",
    "split_indices": "splits",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'burnish.data' has no attribute '{name}'")
    return getattr(importlib.import_module(f"burnish.data.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
