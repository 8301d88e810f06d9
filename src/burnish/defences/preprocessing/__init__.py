"""Changes of images in front of a model, and how an attacker who knows them gets through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from burnish.common.lazy_names import lazy_names

if TYPE_CHECKING:
    from burnish.defences.preprocessing.bit_depth import BitDepth
    from burnish.defences.preprocessing.denoising import fit_denoiser
    from burnish.defences.preprocessing.denoising_autoencoder import DenoisingAutoencoder
    from burnish.defences.preprocessing.jpeg import JPEG
    from burnish.defences.preprocessing.median import MedianSmoothing
    from burnish.defences.preprocessing.preprocessed import Preprocessed
    from burnish.defences.preprocessing.preprocessing import Preprocessing
    from burnish.defences.preprocessing.straight_through import StraightThrough
    from burnish.defences.preprocessing.total_variation import TotalVariation

_HOMES = {
    "BitDepth": "bit_depth",
    "DenoisingAutoencoder": "denoising_autoencoder",
    "JPEG": "jpeg",
    "MedianSmoothing": "median",
    "Preprocessed": "preprocessed",
    "Preprocessing": "preprocessing",
    "StraightThrough": "straight_through",
    "TotalVariation": "total_variation",
    "fit_denoiser": "denoising",
}

__all__ = [
    "JPEG",
    "BitDepth",
    "DenoisingAutoencoder",
    "MedianSmoothing",
    "Preprocessed",
    "Preprocessing",
    "StraightThrough",
    "TotalVariation",
    "fit_denoiser",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
