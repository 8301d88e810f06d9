"""What a detector is worth: what it rejects, and what is left of accuracy with it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from burnish.attacks.checks import check_labels, check_logits
from burnish.common.errors import InputError
from burnish.common.intervals import Estimate, proportion
from burnish.common.module_state import evaluating
from burnish.defences.detectors.detector import Detector, Examined, check_same_shape, check_samples
from burnish.defences.detectors.roc import Roc, roc_curve
from burnish.defences.detectors.threshold import Threshold
from burnish.models.auxiliary import main_output


@dataclass(frozen=True, eq=False)
class DetectorEvaluation:
    """A detector on clean samples and on the same samples attacked; every rate with Wilson's interval.

    Attributes:
        clean_scores: ``(N,)``, on the CPU; higher is more suspicious.
        attacked_scores: ``(N,)``.
        threshold: the one chosen when the detector was fitted, with the rate that was asked for.
        roc: of all thresholds, with the area under the curve.
        false_positive_rate: clean samples that are rejected.
        true_positive_rate: attacked samples that are rejected, whether they fool the model or not.
        fooling_rejected: the same of those that fool the model; NaN where none does.
        clean_accuracy: clean samples that are right and not rejected.
        clean_accuracy_alone: of the model without the detector.
        robust_accuracy: attacked samples that are right or rejected.
        robust_accuracy_alone: of the model without the detector.
    """

    clean_scores: Tensor
    attacked_scores: Tensor
    threshold: Threshold
    roc: Roc
    false_positive_rate: Estimate
    true_positive_rate: Estimate
    fooling_rejected: Estimate
    clean_accuracy: Estimate
    clean_accuracy_alone: Estimate
    robust_accuracy: Estimate
    robust_accuracy_alone: Estimate

    def row(self) -> dict[str, float]:
        """The numbers, flat, with ``_low`` and ``_high`` beside each rate, for a table or a JSON file."""
        flat = {"threshold": self.threshold.value, "false_positive_rate_asked": self.threshold.false_positive_rate}
        estimates = {"auc": self.roc.auc} | {
            name: value for name, value in vars(self).items() if isinstance(value, Estimate)
        }
        for name, found in estimates.items():
            flat |= {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}
        return flat


def evaluate_detector(
    detector: Detector, model: nn.Module, clean: Tensor, labels: Tensor, attacked: Tensor, confidence: float = 0.95
) -> DetectorEvaluation:
    """Judge a fitted detector on samples that it was not fitted on.

    Attack the model alone for an attacker who does not know the detector, and
    :class:`~burnish.defences.detectors.guarded.Guarded` for one who does; only the second says what it is worth.

    Args:
        detector: fitted.
        model: the classifier that it guards.
        clean: samples ``(N, *)``.
        labels: their true classes ``(N,)``.
        attacked: the same samples attacked ``(N, *)``.
        confidence: of all intervals.

    Raises:
        InputError: the detector was not fitted, no samples, or shapes that differ.

    >>> from burnish.defences.detectors.feature_squeezing import FeatureSqueezing
    >>> net, x = nn.Linear(4, 2).eval(), torch.rand(50, 4)
    >>> detector = FeatureSqueezing(net, [nn.Tanh()]).fit(torch.rand(100, 4))
    >>> evaluate_detector(detector, net, x, net(x).argmax(dim=1), x).clean_accuracy_alone.value
    1.0
    """
    threshold = detector.fitted_threshold()
    check_samples(clean, "clean")
    check_samples(attacked, "attacked")
    check_same_shape(clean, attacked)
    if len(clean) != len(attacked):
        raise InputError(f"every clean sample needs its attacked one: got {len(clean)} and {len(attacked)}")
    check_labels(labels, len(clean))
    natural, unnatural = (_examined(detector, model, inputs) for inputs in (clean, attacked))
    labels = labels.cpu()
    check_logits(natural.logits, labels)
    clean_right, attacked_right = (seen.logits.argmax(dim=1) == labels for seen in (natural, unnatural))
    clean_rejected, attacked_rejected = (seen.score > threshold.value for seen in (natural, unnatural))

    def share(chosen: Tensor) -> Estimate:
        return proportion(int(chosen.sum()), len(chosen), confidence)

    return DetectorEvaluation(
        clean_scores=natural.score,
        attacked_scores=unnatural.score,
        threshold=threshold,
        roc=roc_curve(natural.score, unnatural.score, confidence),
        false_positive_rate=share(clean_rejected),
        true_positive_rate=share(attacked_rejected),
        fooling_rejected=share(attacked_rejected[~attacked_right]),
        clean_accuracy=share(clean_right & ~clean_rejected),
        clean_accuracy_alone=share(clean_right),
        robust_accuracy=share(attacked_right | attacked_rejected),
        robust_accuracy_alone=share(attacked_right),
    )


def _examined(detector: Detector, model: nn.Module, inputs: Tensor) -> Examined:
    examined = detector.examine_all(inputs)
    if model is detector.model:
        return examined
    with evaluating(model):
        logits = torch.cat([main_output(model(part)) for part in inputs.split(256)])
    return Examined(logits.cpu(), examined.score)
