"""Defences: what makes a model harder to fool, each to be measured by attacks that know it."""

from burnish.defences.preprocessing import BitDepth, MedianSmoothing, Preprocessing

__all__ = ["BitDepth", "MedianSmoothing", "Preprocessing"]
