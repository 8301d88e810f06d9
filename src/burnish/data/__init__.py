"""Data: where samples come from, how they are split, and how batches of them are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from burnish.common.lazy_names import lazy_names

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

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
