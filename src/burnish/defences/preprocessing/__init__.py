"""Changes of images in front of a model, and how an attacker who knows them gets through."""

from burnish.defences.preprocessing.bit_depth import BitDepth
from burnish.defences.preprocessing.median import MedianSmoothing
from burnish.defences.preprocessing.preprocessing import Preprocessing

__all__ = ["BitDepth", "MedianSmoothing", "Preprocessing"]
