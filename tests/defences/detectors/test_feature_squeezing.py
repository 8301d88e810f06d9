"""Tests of burnish.defences.detectors.feature_squeezing."""

import math

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.common.seeding import rng_state
from burnish.defences.detectors.feature_squeezing import FeatureSqueezing, passes_gradient, usual_squeezers
from burnish.defences.detectors.roc import roc_curve
from burnish.defences.preprocessing import BitDepth, MedianSmoothing


class Halve(nn.Module):
    def forward(self, x):
        return x / 2


class Round(nn.Module):
    def forward(self, x):
        return x.round()


class Encoded(nn.Module):
    """Leaves torch, as a real codec does."""

    def forward(self, x):
        return torch.from_numpy(x.detach().cpu().numpy().round()).to(x)


def linear_model():
    model = nn.Linear(3, 2, bias=False).eval()
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[1.0, 0.0, 2.0], [0.0, 1.0, -1.0]]))
    return model


def test_the_score_is_the_largest_distance_of_predictions_worked_out_by_hand():
    detector = FeatureSqueezing(linear_model(), [Halve(), Round()]).fit(torch.rand(40, 3))
    x = torch.tensor([[0.6, 0.2, 0.3]])

    def probability(z):
        return 1 / (1 + math.exp(-z))

    plain = probability(0.6 - 0.2 + 3 * 0.3)
    halved, rounded = probability((0.6 - 0.2 + 3 * 0.3) / 2), probability(1.0)
    expected = 2 * max(abs(plain - halved), abs(plain - rounded))  # two classes: both probabilities move alike
    assert detector.score(x).item() == pytest.approx(expected, abs=1e-6)


def test_squeezing_tells_attacks_from_clean_digits(digits):
    detector = FeatureSqueezing(digits.model, [BitDepth(2)]).fit(digits.fitting)
    clean, attacked = (detector.examine_all(x).score for x in (digits.fresh, digits.attacked_fresh))
    assert roc_curve(clean, attacked).auc.low > 0.8  # chance is 0.5
    caught = detector.rejects(digits.attacked_fresh).double().mean()
    assert caught > 5 * detector.rejects(digits.fresh).double().mean()


@pytest.mark.parametrize("rate", [0.05, 0.2])
def test_fresh_clean_digits_are_rejected_at_the_rate_asked_for(digits, rate):
    detector = FeatureSqueezing(digits.model, usual_squeezers(1)).fit(digits.fitting, false_positive_rate=rate)
    found = detector.rejects(digits.fresh).double().mean().item()
    deviation = math.sqrt(rate * (1 - rate) * (1 / len(digits.fitting) + 1 / len(digits.fresh)))
    assert found == pytest.approx(rate, abs=4 * deviation)


@pytest.mark.parametrize("squeezer", [Round(), Encoded(), BitDepth(1)])
def test_an_attacker_gets_a_gradient_through_squeezers_that_have_none(digits, squeezer):
    detector = FeatureSqueezing(digits.model, [squeezer]).fit(digits.fitting)
    x = digits.fresh[:8].clone().requires_grad_()
    (gradient,) = torch.autograd.grad(detector.score(x).sum(), x)
    prediction = digits.model(x).softmax(1)
    squeezed = squeezer(x.detach()).requires_grad_()
    other = digits.model(squeezed).softmax(1)
    through, around = torch.autograd.grad((prediction - other).abs().sum(), (x, squeezed))
    torch.testing.assert_close(gradient, through + around)  # the squeezer counts as the identity
    assert around.abs().max() > 1e-4


def test_a_squeezer_with_a_gradient_keeps_it(digits):
    detector = FeatureSqueezing(digits.model, [Halve()]).fit(digits.fitting)
    x = digits.fresh[:8].clone().requires_grad_()
    expected = (digits.model(x).softmax(1) - digits.model(x / 2).softmax(1)).abs().sum()
    torch.testing.assert_close(*(torch.autograd.grad(y, x)[0] for y in (detector.score(x).sum(), expected)))


def test_fitting_again_changes_the_threshold_alone(digits):
    detector = FeatureSqueezing(digits.model, [BitDepth(2)]).fit(digits.fitting)
    before, scores = detector.threshold, detector.score(digits.fresh)
    detector.fit(digits.fitting, false_positive_rate=0.5)
    assert detector.threshold.value < before.value
    assert torch.equal(detector.score(digits.fresh), scores)


def test_model_squeezers_and_random_numbers_are_left_as_they_were(digits):
    batch_norm = nn.BatchNorm1d(64)
    model = nn.Sequential(nn.Flatten(), batch_norm, nn.Dropout(), nn.Linear(64, 10)).train()
    batch_norm.eval()
    squeezer = nn.Dropout(0.3).train()
    state, random = {name: value.clone() for name, value in model.state_dict().items()}, rng_state()
    detector = FeatureSqueezing(model, [squeezer, BitDepth(1)])
    detector.fit(digits.fitting)
    detector.score(digits.fresh.clone().requires_grad_()).sum().backward(inputs=[torch.zeros(1, requires_grad=True)])
    assert [module.training for module in model] == [True, False, True, True]
    assert squeezer.training
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert torch.equal(rng_state()["torch"], random["torch"])
    assert all(parameter.requires_grad and parameter.grad is None for parameter in model.parameters())


def test_a_squeezer_that_draws_leaves_the_global_generators_alone(digits):
    class Noise(nn.Module):
        def forward(self, x):
            return x + 0.1 * torch.randn_like(x)

    before = torch.get_rng_state()
    FeatureSqueezing(digits.model, [Noise()]).fit(digits.fitting)
    assert torch.equal(torch.get_rng_state(), before)
    assert passes_gradient(Noise(), digits.fresh[:2])
    assert torch.equal(torch.get_rng_state(), before)


def test_squeezing_that_changes_nothing_is_refused(digits):
    with pytest.raises(InputError, match="clean samples score 0: the detector sees no difference"):
        FeatureSqueezing(digits.model, [nn.Identity()]).fit(digits.fitting)


def test_a_detector_of_a_model_in_evaluation_is_all_in_evaluation(digits):
    detector = FeatureSqueezing(digits.model, [Round(), MedianSmoothing(3)]).fit(digits.fitting)
    assert not any(module.training for module in detector.modules())


def test_colour_and_grey_images_are_squeezed_as_in_the_paper():
    assert [squeezer.bits for squeezer, _ in (usual_squeezers(1), usual_squeezers(3))] == [1, 5]


def test_whether_a_gradient_passes_is_found_by_trying():
    example = torch.rand(2, 1, 4, 4)
    assert [passes_gradient(s, example) for s in (Round(), Encoded(), BitDepth(3))] == [False] * 3
    # A softmax hides its gradient from a plain sum.
    assert [passes_gradient(s, example) for s in (Halve(), MedianSmoothing(3), nn.Softmax(dim=1))][:2] == [True] * 2
    assert passes_gradient(nn.Softmax(dim=-1), example)


def test_bad_input_is_named(digits):
    with pytest.raises(InputError, match="at least one squeezer"):
        FeatureSqueezing(digits.model, [])
    detector = FeatureSqueezing(digits.model, [Halve()])
    with pytest.raises(InputError, match="FeatureSqueezing was not fitted"):
        detector.score(digits.fresh)
    with pytest.raises(InputError, match="no clean samples"):
        detector.fit(digits.fitting[:0])
    with pytest.raises(InputError, match=r"false_positive_rate must lie in \(0, 1\), got 5"):
        detector.fit(digits.fitting, false_positive_rate=5)
    with pytest.raises(InputError, match=r"Flatten turns inputs \(256, 1, 8, 8\) into \(256, 64\): a squeezer keeps"):
        FeatureSqueezing(digits.model, [nn.Flatten()]).fit(digits.fitting)
