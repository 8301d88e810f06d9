"""Tests of burnish.defences.detectors.safetynet."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.common.seeding import rng_state
from burnish.defences.detectors.layer_outputs import Tap
from burnish.defences.detectors.roc import roc_curve
from burnish.defences.detectors.safetynet import SafetyNet


@pytest.fixture(scope="module")
def fitted(digits):
    return SafetyNet(digits.model).fit(digits.fitting, digits.attacked_fitting)


def test_codes_tell_attacks_from_clean_digits(digits, fitted):
    clean, attacked = (fitted.examine_all(x).score for x in (digits.fresh, digits.attacked_fresh))
    assert roc_curve(clean, attacked).auc.low > 0.75  # chance is 0.5
    assert fitted.rejects(digits.attacked_fresh).double().mean() > 4 * fitted.rejects(digits.fresh).double().mean()


@pytest.mark.parametrize(("rate", "penalty"), [(0.05, 1.0), (0.2, 1.0), (0.2, 100.0)])
def test_fresh_clean_digits_are_rejected_at_the_rate_asked_for(digits, rate, penalty):
    """A machine that fits closely is far surer on what it learnt, so its threshold must come from elsewhere."""
    detector = SafetyNet(digits.model, penalty=penalty)
    detector.fit(digits.fitting, digits.attacked_fitting, false_positive_rate=rate)
    found = detector.rejects(digits.fresh).double().mean().item()
    held_out = detector.threshold.count
    assert held_out == round(0.3 * len(digits.fitting))
    deviation = math.sqrt(rate * (1 - rate) * (1 / held_out + 1 / len(digits.fresh)))
    assert found == pytest.approx(rate, abs=4 * deviation)


def test_the_score_is_the_decision_of_scikit_learn_on_the_codes_of_the_last_relu(digits, fitted):
    assert fitted.taps == (Tap("5", "input"),)
    activations = digits.model[:5](digits.attacked_fresh)
    codes = fitted.codes(activations).detach()
    theirs = fitted.machine.machine.decision_function(codes.double().numpy())
    np.testing.assert_allclose(fitted.score(digits.attacked_fresh).detach().numpy(), theirs, atol=1e-4)


def test_an_attacker_who_knows_the_detector_lowers_its_score(digits, fitted):
    start = digits.attacked_fresh[:100]
    x = start.clone()
    for _ in range(20):
        x.requires_grad_()
        (gradient,) = torch.autograd.grad(fitted.score(x).sum(), x)
        x = (x.detach() - 0.01 * gradient.sign()).clamp(0, 1)
    assert (fitted.score(x) < fitted.score(start)).double().mean() > 0.9
    assert fitted.rejects(x).double().mean() < 0.25 * fitted.rejects(start).double().mean()


def test_layers_by_name_are_watched_together(digits):
    detector = SafetyNet(digits.model, ["2", "4"], levels=2)
    detector.fit(digits.fitting, digits.attacked_fitting)
    assert detector.codes.thresholds.shape == (1, 128)
    assert torch.equal(detector.codes.thresholds, torch.zeros(1, 128))
    detector.score(digits.fresh)


def test_the_same_seed_gives_the_same_detector_and_another_one_another(digits, fitted):
    again = SafetyNet(digits.model).fit(digits.fitting, digits.attacked_fitting)
    other = SafetyNet(digits.model).fit(digits.fitting, digits.attacked_fitting, seed=1)
    assert again.threshold == fitted.threshold
    assert other.threshold != fitted.threshold


def test_model_and_random_numbers_are_left_as_they_were(digits):
    layers = (nn.Flatten(), nn.Linear(64, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(), nn.Linear(16, 10))
    model = nn.Sequential(*layers).train()
    model[2].eval()
    state, random = {name: value.clone() for name, value in model.state_dict().items()}, rng_state()
    detector = SafetyNet(model).fit(digits.fitting, digits.attacked_fitting)
    detector.score(digits.fresh.clone().requires_grad_())
    assert [module.training for module in model] == [True, True, False, True, True, True]
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert torch.equal(rng_state()["torch"], random["torch"])
    assert np.array_equal(rng_state()["numpy"][1], random["numpy"][1])
    assert all(parameter.requires_grad and parameter.grad is None for parameter in model.parameters())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_a_detector_of_a_model_in_evaluation_is_all_in_evaluation(fitted):
    assert not any(module.training for module in fitted.modules())


def test_bad_input_is_named(digits):
    with pytest.raises(InputError, match="the model has no layer 'fc7': its last ones are"):
        SafetyNet(digits.model, ["fc7"])
    detector = SafetyNet(digits.model)
    with pytest.raises(InputError, match="SafetyNet was not fitted: call fit on clean"):
        detector.score(digits.fresh)
    with pytest.raises(InputError, match="SafetyNet was not fitted: call fit on clean and attacked"):
        detector.calibrate(digits.fresh)
    with pytest.raises(InputError, match="no attacked samples"):
        detector.fit(digits.fitting, digits.fitting[:0])
    with pytest.raises(InputError, match=r"differ in shape: \(1, 8, 8\) and \(1, 8, 7\)"):
        detector.fit(digits.fitting, digits.attacked_fitting[..., :7])
    with pytest.raises(InputError, match=r"held_out must lie in \(0, 1\), got 1.5"):
        detector.fit(digits.fitting, digits.attacked_fitting, held_out=1.5)
    with pytest.raises(InputError, match="1 clean samples cannot be split"):
        detector.fit(digits.fitting[:1], digits.attacked_fitting)
    with pytest.raises(InputError, match=r"3 clean samples are too few for a false-positive rate of 0\.05"):
        detector.fit(digits.fitting[:10], digits.attacked_fitting)
