"""Defences: what makes a model harder to fool, each to be measured by attacks that know it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

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
    from burnish.defences.smoothing import Smoothed
    from burnish.defences.smoothing_certificates import ABSTAIN, Certificates, CertifiedAccuracy

_HOMES = {
    "ABSTAIN": "smoothing_certificates",
    "BitDepth": "preprocessing.bit_depth",
    "Certificates": "smoothing_certificates",
    "CertifiedAccuracy": "smoothing_certificates",
    "DenoisingAutoencoder": "preprocessing.denoising_autoencoder",
    "JPEG": "preprocessing.jpeg",
    "MedianSmoothing": "preprocessing.median",
    "Preprocessed": "preprocessing.preprocessed",
    "Preprocessing": "preprocessing.preprocessing",
    "Smoothed": "smoothing",
    "StraightThrough": "preprocessing.straight_through",
    "TotalVariation": "preprocessing.total_variation",
    "fit_denoiser": "preprocessing.denoising",
}

__all__ = [
    "ABSTAIN",
    "JPEG",
    "BitDepth",
    "Certificates",
    "CertifiedAccuracy",
    "DenoisingAutoencoder",
    "MedianSmoothing",
    "Preprocessed",
    "Preprocessing",
    "Smoothed",
    "StraightThrough",
    "TotalVariation",
    "fit_denoiser",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'burnish.defences' has no attribute '{name}'")
    return getattr(importlib.import_module(f"burnish.defences.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
