"""Defences: what makes a model harder to fool, each to be measured by attacks that know it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from burnish.common.lazy_names import lazy_names

if TYPE_CHECKING:
    from burnish.defences.adversarial.options import HardeningOptions
    from burnish.defences.adversarial.training import AdversarialTraining
    from burnish.defences.adversarial.watch import CollapseWatch
    from burnish.defences.detectors.evade import Evade
    from burnish.defences.detectors.evaluation import DetectorEvaluation, evaluate_detector
    from burnish.defences.detectors.feature_squeezing import FeatureSqueezing
    from burnish.defences.detectors.guarded import Guarded
    from burnish.defences.detectors.safetynet import SafetyNet
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
    "AdversarialTraining": "adversarial.training",
    "BitDepth": "preprocessing.bit_depth",
    "Certificates": "smoothing_certificates",
    "CertifiedAccuracy": "smoothing_certificates",
    "CollapseWatch": "adversarial.watch",
    "DenoisingAutoencoder": "preprocessing.denoising_autoencoder",
    "DetectorEvaluation": "detectors.evaluation",
    "Evade": "detectors.evade",
    "FeatureSqueezing": "detectors.feature_squeezing",
    "Guarded": "detectors.guarded",
    "HardeningOptions": "adversarial.options",
    "JPEG": "preprocessing.jpeg",
    "MedianSmoothing": "preprocessing.median",
    "Preprocessed": "preprocessing.preprocessed",
    "Preprocessing": "preprocessing.preprocessing",
    "SafetyNet": "detectors.safetynet",
    "Smoothed": "smoothing",
    "StraightThrough": "preprocessing.straight_through",
    "TotalVariation": "preprocessing.total_variation",
    "evaluate_detector": "detectors.evaluation",
    "fit_denoiser": "preprocessing.denoising",
}

__all__ = [
    "ABSTAIN",
    "JPEG",
    "AdversarialTraining",
    "BitDepth",
    "Certificates",
    "CertifiedAccuracy",
    "CollapseWatch",
    "DenoisingAutoencoder",
    "DetectorEvaluation",
    "Evade",
    "FeatureSqueezing",
    "Guarded",
    "HardeningOptions",
    "MedianSmoothing",
    "Preprocessed",
    "Preprocessing",
    "SafetyNet",
    "Smoothed",
    "StraightThrough",
    "TotalVariation",
    "evaluate_detector",
    "fit_denoiser",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
