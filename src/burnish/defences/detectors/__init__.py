"""Detectors that reject: a score of how suspicious an input is, and a threshold chosen on clean samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from burnish.common.lazy_names import lazy_names

if TYPE_CHECKING:
    from burnish.defences.detectors.detector import Detector, Examined
    from burnish.defences.detectors.evade import Evade
    from burnish.defences.detectors.evaluation import DetectorEvaluation, evaluate_detector
    from burnish.defences.detectors.feature_squeezing import FeatureSqueezing, usual_squeezers
    from burnish.defences.detectors.guarded import Guarded
    from burnish.defences.detectors.roc import Roc, roc_curve
    from burnish.defences.detectors.safetynet import SafetyNet
    from burnish.defences.detectors.threshold import Threshold, choose_threshold

_HOMES = {
    "Detector": "detector",
    "DetectorEvaluation": "evaluation",
    "Evade": "evade",
    "Examined": "detector",
    "FeatureSqueezing": "feature_squeezing",
    "Guarded": "guarded",
    "Roc": "roc",
    "SafetyNet": "safetynet",
    "Threshold": "threshold",
    "choose_threshold": "threshold",
    "evaluate_detector": "evaluation",
    "roc_curve": "roc",
    "usual_squeezers": "feature_squeezing",
}

__all__ = [
    "Detector",
    "DetectorEvaluation",
    "Evade",
    "Examined",
    "FeatureSqueezing",
    "Guarded",
    "Roc",
    "SafetyNet",
    "Threshold",
    "choose_threshold",
    "evaluate_detector",
    "roc_curve",
    "usual_squeezers",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
