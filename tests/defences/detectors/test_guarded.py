"""Tests of burnish.defences.detectors.guarded."""

import pytest
import torch
from torch import nn

from burnish.attacks import PGD
from burnish.common.errors import InputError
from burnish.defences.detectors.detector import Detector, Examined
from burnish.defences.detectors.evade import Evade
from burnish.defences.detectors.evaluation import evaluate_detector
from burnish.defences.detectors.feature_squeezing import FeatureSqueezing
from burnish.defences.detectors.guarded import Guarded
from burnish.defences.detectors.safetynet import SafetyNet
from burnish.defences.detectors.threshold import Threshold
from burnish.defences.preprocessing import BitDepth


class FirstNumber(Detector):
    """As suspicious as the first number is large; rejects above 1."""

    def __init__(self, model):
        super().__init__(model)
        self.threshold = Threshold(1.0, 0.05, 100)

    def examine(self, inputs):
        return Examined(self.classify(inputs), inputs[:, 0])


def test_the_last_logit_is_that_of_the_paper_where_logits_have_mean_zero():
    logits = torch.tensor([[3.0, -1.0, -2.0]])
    detector = FirstNumber(nn.Identity())
    margin = 3.0 - 1.0
    assert Guarded(detector.model, detector)(logits).tolist() == [[3.0, -1.0, -2.0, (margin + 1) * 3.0]]


def test_rejected_is_the_highest_exactly_where_the_detector_rejects_whatever_the_sign_of_the_logits():
    detector = FirstNumber(nn.Identity())
    guarded = Guarded(detector.model, detector)
    inputs = torch.randn(500, 4, generator=torch.Generator().manual_seed(0)) * 2
    for shift in (0.0, -20.0):  # with all logits negative the paper's product changes its sign
        moved = inputs + shift
        detector.threshold = Threshold(1.0 + shift, 0.05, 100)
        assert torch.equal(guarded(moved).argmax(dim=1) == 4, detector.rejects(moved))
        assert 50 < detector.rejects(moved).sum() < 450


def test_the_logits_of_the_classes_are_those_of_the_model(digits):
    detector = FeatureSqueezing(digits.model, [BitDepth(2)]).fit(digits.fitting)
    assert torch.equal(Guarded(digits.model, detector)(digits.fresh)[:, :-1], digits.model(digits.fresh))


def test_the_detector_may_look_at_another_model(digits):
    other = nn.Sequential(nn.Flatten(), nn.Linear(64, 10), nn.Dropout()).train()
    detector = FeatureSqueezing(digits.model, [BitDepth(2)]).fit(digits.fitting)
    given = Guarded(other, detector)(digits.fresh)
    assert torch.equal(given[:, :-1], other[:2](digits.fresh))  # without dropout
    assert other[2].training
    assert torch.equal(given.argmax(dim=1) == 10, detector.rejects(digits.fresh))


@pytest.mark.parametrize("kind", ["squeezing", "safetynet"])
def test_an_attack_that_knows_the_detector_gets_past_it_more_often(digits, kind):
    if kind == "squeezing":
        detector = FeatureSqueezing(digits.model, [BitDepth(2)]).fit(digits.fitting)
    else:
        detector = SafetyNet(digits.model).fit(digits.fitting, digits.attacked_fitting)
    options = {"eps": 0.2, "steps": 30, "step_size": 0.03}
    unknowing = PGD(digits.model, **options)(digits.fresh, digits.fresh_labels)
    knowing = PGD(Guarded(digits.model, detector), goal=Evade(), **options)(digits.fresh, digits.fresh_labels)
    before, after = (
        evaluate_detector(detector, digits.model, digits.fresh, digits.fresh_labels, attacked).robust_accuracy
        for attacked in (unknowing, knowing)
    )
    assert after.value < before.low
    assert after.value < 0.6 * before.value
    assert (knowing - digits.fresh).abs().max() <= 0.2 + 1e-6


def test_a_targeted_attack_ends_in_its_class_and_is_not_rejected(digits):
    detector = FeatureSqueezing(digits.model, [BitDepth(2)]).fit(digits.fitting)
    guarded = Guarded(digits.model, detector)
    inputs, labels = digits.fresh[:100], digits.fresh_labels[:100]
    targets = (labels + 1) % 10
    attacked = PGD(guarded, eps=0.4, steps=40, step_size=0.03)(inputs, labels, targets)
    reached = guarded(attacked).argmax(dim=1) == targets
    assert reached.double().mean() > 0.5
    assert (digits.model(attacked).argmax(dim=1) == targets)[reached].all()
    assert not detector.rejects(attacked)[reached].any()


def test_a_detector_that_was_not_fitted_is_refused(digits):
    with pytest.raises(InputError, match="FeatureSqueezing was not fitted"):
        Guarded(digits.model, FeatureSqueezing(digits.model, [BitDepth(2)]))
