"""Tests of burnish.defences.smoothing.

For a linear base model the smoothed model is the base model, and the largest radius that can be certified is the
distance to the border (Cohen et al. 2019, appendix B): an exact oracle.
"""

import copy
import math

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.defences.smoothing import Smoothed
from burnish.defences.smoothing_certificates import ABSTAIN


def halfspace(features=20):
    """A linear classifier of unit weights; the border goes through 0."""
    direction = torch.randn(features, generator=torch.Generator().manual_seed(0))
    direction /= direction.norm()
    model = nn.Linear(features, 2, bias=False)
    model.weight.data = torch.stack([-direction, direction]) / 2
    return model.eval(), direction


def at_distance(direction, distances):
    return torch.as_tensor(distances)[:, None] * direction


def test_radii_come_near_the_distance_to_the_border_of_a_linear_model_and_stay_below():
    model, direction = halfspace()
    distances = torch.tensor([0.1, 0.25, 0.5, 0.75])
    found = Smoothed(model, 0.5).certify(at_distance(direction, distances), samples=4000, alpha=0.001)
    assert found.classes.tolist() == [1, 1, 1, 1]
    assert (found.radii < distances).all()
    chance = torch.special.ndtr(distances.double() / 0.5)
    error = (chance * (1 - chance) / 4000).sqrt()
    density = torch.exp(-((distances / 0.5) ** 2) / 2) / math.sqrt(2 * math.pi)
    assert (distances - found.radii < 0.5 * 8 * error / density).all()  # the bound lies 3.1 standard errors lower


def test_no_change_within_the_radius_alters_the_prediction_and_one_beyond_the_border_does():
    model, direction = halfspace()
    smoothed, inputs = Smoothed(model, 0.5), at_distance(direction, [0.6, -0.6])
    found = smoothed.certify(inputs, samples=2000)
    toward = torch.tensor([[-1.0], [1.0]]) * direction
    within = inputs + 0.8 * found.radii.float()[:, None] * toward
    assert smoothed.predict(within, 2000).tolist() == found.classes.tolist() == [1, 0]
    assert smoothed.predict(inputs + 1.2 * toward, 2000).tolist() == [0, 1]


def test_promises_are_wrong_no_more_often_than_alpha():
    model, direction = halfspace(2)
    count, alpha = 1500, 0.1
    found = Smoothed(model, 1.0, batch_size=4096).certify(at_distance(direction, [0.7] * count), 20, 60, alpha)
    wrong = ((found.classes == 0) | (found.radii > 0.7)).double().mean().item()
    assert wrong <= alpha + 4 * (alpha * (1 - alpha) / count) ** 0.5  # 4 standard errors
    assert wrong > alpha / 5


def test_on_the_border_it_abstains():
    inputs = torch.zeros(50, 20)
    smoothed = Smoothed(halfspace()[0], 0.5)
    assert smoothed.predict(inputs, 100, 0.001).tolist() == [ABSTAIN] * 50
    found = smoothed.certify(inputs, 20, 100, 0.001)
    assert found.abstained.all()
    assert not found.radii.any()


def test_votes_are_those_of_the_base_model_under_the_noise_that_was_asked_for():
    model, direction = halfspace()
    smoothed = Smoothed(model, 0.5, batch_size=1000)
    votes = smoothed._votes(at_distance(direction, [0.5, -0.25]), 20_000, torch.Generator().manual_seed(0))
    assert votes.sum(dim=1).tolist() == [20_000, 20_000]
    expected = torch.special.ndtr(torch.tensor([1.0, -0.5]))
    error = (expected * (1 - expected) / 20_000).sqrt()
    assert ((votes[:, 1] / 20_000 - expected).abs() < 4 * error).all()  # 4 standard errors


def test_no_more_copies_than_the_batch_size_go_through_the_model_at_once():
    model, direction = halfspace()
    sizes = []
    model.register_forward_hook(lambda module, inputs, output: sizes.append(len(output)))
    Smoothed(model, 0.5, batch_size=64).predict(at_distance(direction, [0.5] * 5), 50)
    assert max(sizes) == 64
    assert sum(sizes) == 250


def test_the_same_seed_gives_the_same_answer_and_another_seed_other_noise():
    model, direction = halfspace()
    smoothed, inputs = Smoothed(model, 0.5), at_distance(direction, [0.3] * 8)
    first, again, other = (smoothed.certify(inputs, samples=500, seed=seed).lower for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert len(first.unique()) > 1  # inputs of one call have noise of their own


def test_inputs_model_and_global_generators_stay_as_they_were():
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(), nn.BatchNorm1d(4).eval(), nn.Linear(4, 2))
    inputs, before, state = torch.rand(3, 4), copy.deepcopy(model.state_dict()), torch.get_rng_state()
    kept = inputs.clone()
    smoothed = Smoothed(model, 0.5)
    smoothed.predict(inputs, 50)
    smoothed.certify(inputs, 10, 50)
    assert torch.equal(inputs, kept)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert [part.training for part in model] == [True, True, True, False, True]
    assert all(parameter.grad is None and parameter.requires_grad for parameter in model.parameters())
    assert torch.equal(torch.get_rng_state(), state)


def test_dropout_is_off_while_votes_are_counted():
    model = nn.Sequential(nn.Dropout(0.999), halfspace()[0])
    assert Smoothed(model, 0.01).predict(at_distance(halfspace()[1], [0.5] * 20), 50).tolist() == [1] * 20


def test_a_forward_is_the_logarithm_of_the_mean_probability_and_the_same_every_time():
    model, direction = halfspace()
    smoothed, inputs = Smoothed(model, 0.5, copies=4000), at_distance(direction, [0.4])
    outputs = smoothed(inputs)
    assert torch.equal(smoothed(inputs), outputs)
    assert outputs.exp().sum(dim=1).item() == pytest.approx(1, abs=1e-5)
    noise = 0.5 * torch.randn(200_000, generator=torch.Generator().manual_seed(1))
    expected = torch.sigmoid(0.4 + noise)
    tolerance = 4 * expected.std().item() / 4000**0.5  # 4 standard errors
    assert outputs[0, 1].exp().item() == pytest.approx(expected.mean().item(), abs=tolerance)


def test_the_gradient_of_a_forward_leads_across_the_border():
    model, direction = halfspace()
    inputs = at_distance(direction, [0.4]).requires_grad_()
    smoothed = Smoothed(model, 0.5)
    (gradient,) = torch.autograd.grad(smoothed(inputs)[:, 1].sum(), inputs)
    assert torch.cosine_similarity(gradient[0], direction, dim=0).item() == pytest.approx(1, abs=1e-5)
    assert smoothed.predict((inputs - 0.9 * gradient / gradient.norm()).detach(), 500).tolist() == [0]


@pytest.mark.parametrize("sigma", [0, -0.5, float("nan"), float("inf")])
def test_a_sigma_that_is_not_positive_is_named(sigma):
    with pytest.raises(InputError, match=f"sigma must be a positive number, got {sigma}"):
        Smoothed(nn.Identity(), sigma)


@pytest.mark.parametrize("alpha", [0, 1, -0.1, 1.5])
def test_alpha_outside_its_range_is_named(alpha):
    smoothed, inputs = Smoothed(halfspace()[0], 0.5), torch.zeros(1, 20)
    for call in (smoothed.predict, smoothed.certify):
        with pytest.raises(InputError, match=rf"alpha must lie in \(0, 1\), got {alpha}"):
            call(inputs, alpha=alpha)


def test_too_few_samples_to_ever_decide_are_named_with_the_number_that_suffices():
    model, direction = halfspace()
    smoothed, inputs = Smoothed(model, 0.01), at_distance(direction, [1.0])
    with pytest.raises(InputError, match=r"9 samples can decide nothing at alpha 0\.001.*give at least 10"):
        smoothed.certify(inputs, 10, 9, 0.001)
    assert smoothed.certify(inputs, 10, 10, 0.001).classes.tolist() == [1]
    with pytest.raises(InputError, match=r"10 samples can decide nothing at alpha 0\.001.*give at least 11"):
        smoothed.predict(inputs, 10, 0.001)
    assert smoothed.predict(inputs, 11, 0.001).tolist() == [1]
    assert smoothed.predict(inputs, 5, 0.0625).tolist() == [1]  # five that agree: a p-value of exactly 1 / 16


@pytest.mark.parametrize("name", ["samples0", "samples"])
@pytest.mark.parametrize("count", [0, -1, 2.5, True])
def test_counts_below_one_are_named(name, count):
    with pytest.raises(InputError, match=f"{name} must be a whole number from 1 on, got {count}"):
        Smoothed(halfspace()[0], 0.5).certify(torch.zeros(1, 20), **{name: count})


@pytest.mark.parametrize("name", ["copies", "batch_size"])
def test_options_below_one_are_named(name):
    with pytest.raises(InputError, match=f"{name} must be a whole number from 1 on, got 0"):
        Smoothed(nn.Identity(), 0.5, **{name: 0})


@pytest.mark.parametrize(
    ("model", "inputs", "message"),
    [
        (nn.Identity(), torch.zeros(2, 3, dtype=torch.uint8), r"noise needs float inputs \(N, ...\), got uint8"),
        (nn.Identity(), torch.zeros(3), r"smoothing needs a batch of inputs \(N, ...\), got shape \(3,\)"),
        (nn.Identity(), torch.zeros(0, 3), r"smoothing needs a batch of inputs \(N, ...\), got shape \(0, 3\)"),
        (nn.Identity(), torch.zeros(1, 3, 4), r"outputs \(100, classes\) and two classes or more, got \(100, 3, 4\)"),
        (nn.Identity(), torch.zeros(1, 1), r"outputs \(100, classes\) and two classes or more, got \(100, 1\)"),
        (nn.Identity(), torch.full((1, 3), torch.nan), "the model's outputs are NaN under noise"),
    ],
)
def test_what_cannot_be_smoothed_is_named(model, inputs, message):
    with pytest.raises(InputError, match=message):
        Smoothed(model, 0.5).predict(inputs)
