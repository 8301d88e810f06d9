"""Tests of burnish.defences.detectors.evaluation."""

import json

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.common.intervals import proportion
from burnish.defences.detectors.detector import Detector, Examined
from burnish.defences.detectors.evaluation import evaluate_detector
from burnish.defences.detectors.feature_squeezing import FeatureSqueezing
from burnish.defences.detectors.threshold import Threshold
from burnish.defences.preprocessing import BitDepth


class LastNumber(Detector):
    """The first two numbers of an input are its logits, the third is its score; rejects above 0.5."""

    def __init__(self):
        super().__init__(nn.Identity())
        self.threshold = Threshold(0.5, 0.05, 100)

    def examine(self, inputs):
        return Examined(inputs[:, :2], inputs[:, 2])


def inputs(*rows):
    """Rows of (class that is predicted, score)."""
    return torch.tensor([[1.0 - predicted, float(predicted) - 0.25, score] for predicted, score in rows])


LABELS = torch.zeros(6, dtype=torch.long)
CLEAN = inputs((0, 0.1), (0, 0.9), (0, 0.2), (1, 0.3), (1, 0.8), (0, 0.4))
ATTACKED = inputs((1, 0.7), (1, 0.2), (0, 0.9), (1, 0.8), (0, 0.3), (1, 0.6))


@pytest.fixture
def result():
    detector = LastNumber()
    return evaluate_detector(detector, detector.model, CLEAN, LABELS, ATTACKED)


def test_every_rate_is_the_one_counted_by_hand(result):
    assert result.false_positive_rate == proportion(2, 6)
    assert result.true_positive_rate == proportion(4, 6)
    assert result.fooling_rejected == proportion(3, 4)
    assert result.clean_accuracy_alone == proportion(4, 6)
    assert result.clean_accuracy == proportion(3, 6)  # right and not rejected
    assert result.robust_accuracy_alone == proportion(2, 6)
    assert result.robust_accuracy == proportion(5, 6)  # right or rejected
    assert result.roc.auc.value == pytest.approx(22 / 36)  # pairs that are in order, ties half
    assert torch.equal(result.clean_scores, CLEAN[:, 2])


def test_the_rates_lie_on_the_curve(result):
    place = next(i for i, threshold in enumerate(result.roc.thresholds) if threshold <= 0.5)
    assert result.roc.false_positive_rates[place] == result.false_positive_rate.value
    assert result.roc.true_positive_rates[place] == result.true_positive_rate.value


def test_the_row_is_plain_numbers_with_intervals(result):
    row = json.loads(json.dumps(result.row()))
    assert row["robust_accuracy"] == pytest.approx(5 / 6)
    assert row["robust_accuracy_low"] < row["robust_accuracy"] < row["robust_accuracy_high"]
    assert {"auc", "auc_low", "threshold", "false_positive_rate_asked", "fooling_rejected"} <= set(row)


def test_a_wider_confidence_gives_wider_intervals(result):
    detector = LastNumber()
    sure = evaluate_detector(detector, detector.model, CLEAN, LABELS, ATTACKED, confidence=0.999)
    for name in ("robust_accuracy", "false_positive_rate", "clean_accuracy"):
        assert getattr(sure, name).low < getattr(result, name).low
    assert sure.roc.auc.low < result.roc.auc.low


def test_accuracy_is_that_of_the_model_that_is_given_not_of_the_one_that_the_detector_looks_at():
    class Opposite(nn.Module):
        def forward(self, x):
            return -x[:, :2]

    result = evaluate_detector(LastNumber(), Opposite(), CLEAN, LABELS, ATTACKED)
    assert result.clean_accuracy_alone == proportion(2, 6)
    assert result.robust_accuracy_alone == proportion(4, 6)


def test_a_detector_raises_the_robust_accuracy_of_digits_against_who_does_not_know_it(digits):
    detector = FeatureSqueezing(digits.model, [BitDepth(2)]).fit(digits.fitting)
    result = evaluate_detector(detector, digits.model, digits.fresh, digits.fresh_labels, digits.attacked_fresh)
    assert result.robust_accuracy.low > result.robust_accuracy_alone.high
    assert result.clean_accuracy.value >= result.clean_accuracy_alone.value - result.false_positive_rate.value


def test_bad_input_is_named(digits):
    detector = LastNumber()
    with pytest.raises(InputError, match="FeatureSqueezing was not fitted"):
        evaluate_detector(FeatureSqueezing(digits.model, [BitDepth(2)]), digits.model, CLEAN, LABELS, ATTACKED)
    with pytest.raises(InputError, match="no clean samples"):
        evaluate_detector(detector, detector.model, CLEAN[:0], LABELS[:0], ATTACKED[:0])
    with pytest.raises(InputError, match=r"differ in shape: \(3,\) and \(2,\)"):
        evaluate_detector(detector, detector.model, CLEAN, LABELS, ATTACKED[:, :2])
    with pytest.raises(InputError, match="every clean sample needs its attacked one: got 6 and 5"):
        evaluate_detector(detector, detector.model, CLEAN, LABELS, ATTACKED[:5])
    with pytest.raises(InputError, match="one a sample, got shape"):
        evaluate_detector(detector, detector.model, CLEAN, LABELS[:5], ATTACKED)
    with pytest.raises(InputError, match="labels must lie in 0 to 1"):
        evaluate_detector(detector, detector.model, CLEAN, LABELS + 2, ATTACKED)
