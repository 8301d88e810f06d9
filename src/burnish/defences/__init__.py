"""Defences: what makes a model harder to fool, each to be measured by attacks that know it."""

from burnish.defences.preprocessing import (
    JPEG,
    BitDepth,
    MedianSmoothing,
    Preprocessed,
    Preprocessing,
    StraightThrough,
    TotalVariation,
)

__all__ = [
    "JPEG",
    "BitDepth",
    "MedianSmoothing",
    "Preprocessed",
    "Preprocessing",
    "StraightThrough",
    "TotalVariation",
]
