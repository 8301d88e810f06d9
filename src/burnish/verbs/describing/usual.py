"""The input and the classes that a named model is counted with where nobody says otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from burnish.models.registry import ModelEntry

VOCABULARY = 65
"""Distinct characters of tiny-shakespeare, for a language model that nobody gave a text."""
_IMAGENET_SIDE = 128
"""Networks published for images of at least this side were made for ImageNet and its 1000 classes."""


def usual_shapes(entry: ModelEntry) -> dict[str, tuple[int, ...]]:
    """Shape of one input, without the batch, for each kind of data that a model takes."""
    side = entry.native_size or 32
    every = {"image": (3, side, side), "table": (13,), "points": (2,), "text": (128,)}
    return {kind: every[kind] for kind in entry.kinds}


def usual_classes(entry: ModelEntry) -> int:
    """Width of the last layer."""
    if "text" in entry.kinds:
        return VOCABULARY
    return 1000 if (entry.native_size or 0) >= _IMAGENET_SIDE else 10
