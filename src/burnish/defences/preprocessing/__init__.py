"""Changes of images in front of a model, and how an attacker who knows them gets through."""

from burnish.defences.preprocessing.bit_depth import BitDepth
from burnish.defences.preprocessing.jpeg import JPEG
from burnish.defences.preprocessing.median import MedianSmoothing
from burnish.defences.preprocessing.preprocessed import Preprocessed
from burnish.defences.preprocessing.preprocessing import Preprocessing
from burnish.defences.preprocessing.straight_through import StraightThrough
from burnish.defences.preprocessing.total_variation import TotalVariation

__all__ = [
    "JPEG",
    "BitDepth",
    "MedianSmoothing",
    "Preprocessed",
    "Preprocessing",
    "StraightThrough",
    "TotalVariation",
]
