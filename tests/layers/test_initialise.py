"""Tests of burnish.layers.initialise."""

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.layers import initialise_
from burnish.layers.initialise import SCHEMES

FAN_IN, FAN_OUT = 300, 500
VARIANCES = {
    "he-normal": 2 / FAN_IN,  # He et al. 2015, eq. 10
    "he-uniform": 2 / FAN_IN,
    "small-normal": 1e-4,
    "uniform": 1 / (3 * FAN_IN),  # of U(-a, a): a^2 / 3
    "xavier-normal": 2 / (FAN_IN + FAN_OUT),  # Glorot and Bengio 2010, eq. 12
    "xavier-uniform": 2 / (FAN_IN + FAN_OUT),  # eq. 16
}


@pytest.mark.parametrize("scheme", VARIANCES)
def test_variances_are_those_of_the_papers(scheme):
    torch.manual_seed(0)
    weight = initialise_(nn.Linear(FAN_IN, FAN_OUT), scheme).weight.double()
    # The variance of a sample variance is (kurtosis - 1) / n sigma^4: kurtosis 3 for a normal, 1.8 for a uniform.
    error = ((0.8 if "uniform" in scheme else 2) / weight.numel()) ** 0.5
    assert weight.var().item() == pytest.approx(VARIANCES[scheme], rel=4 * error)
    assert abs(weight.mean().item()) < 4 * (VARIANCES[scheme] / weight.numel()) ** 0.5


@pytest.mark.parametrize("scheme", [name for name in VARIANCES if "uniform" in name])
def test_uniforms_stay_inside_their_bounds(scheme):
    weight = initialise_(nn.Linear(FAN_IN, FAN_OUT), scheme).weight
    bound = (3 * VARIANCES[scheme]) ** 0.5
    assert 0.99 * bound < weight.abs().max() <= bound


def test_a_convolution_counts_its_window():
    weight = initialise_(nn.Conv2d(32, 64, 5), "he-normal").weight
    assert weight.var().item() == pytest.approx(2 / (32 * 25), rel=4 * (2 / weight.numel()) ** 0.5)


def test_he_keeps_the_signal_of_a_deep_relu_network():
    """The point of eq. 10: the second moment survives 30 layers; with a small normal it dies."""
    torch.manual_seed(0)
    layers = [part for _ in range(30) for part in (nn.Linear(256, 256), nn.ReLU())]
    inputs = torch.randn(64, 256)
    kept = initialise_(nn.Sequential(*layers), "he-normal")(inputs).square().mean().item()
    assert 0.2 < kept < 5
    assert initialise_(nn.Sequential(*layers), "small-normal")(inputs).square().mean().item() < 1e-20


def test_orthogonal_rows_are_orthonormal():
    weight = initialise_(nn.Linear(20, 10), "orthogonal").weight
    torch.testing.assert_close(weight @ weight.T, torch.eye(10), atol=1e-5, rtol=0)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_biases_become_zero_and_norms_and_embeddings_stay(scheme):
    model = nn.Sequential(nn.Embedding(4, 8), nn.Linear(8, 8), nn.BatchNorm1d(8), nn.LSTM(8, 8))
    embedding = model[0].weight.clone()
    for parameter in (model[1].bias, model[3].bias_hh_l0):
        nn.init.ones_(parameter)
    initialise_(model, scheme)
    assert model[1].bias.abs().sum() == model[3].bias_hh_l0.abs().sum() == 0
    assert torch.equal(model[0].weight, embedding)
    assert model[2].weight.tolist() == [1.0] * 8
    assert bool((model[3].weight_ih_l0 == 0).all()) == (scheme == "zeros")


def test_the_first_matching_pattern_decides_and_others_stay():
    model = nn.ModuleDict({"stem": nn.Linear(4, 4), "body": nn.Linear(4, 4), "head": nn.Linear(4, 4)})
    body = model["body"].weight.clone()
    initialise_(model, {"head": "zeros", "[sh]*": "small_normal"})
    assert model["head"].weight.abs().sum() == 0
    assert 0 < model["stem"].weight.abs().max() < 0.1
    assert torch.equal(model["body"].weight, body)


def test_an_unknown_scheme_gets_a_hint():
    with pytest.raises(InputError, match=r"unknown initialisation 'xavier-norml' \(did you mean 'xavier-normal'\?\)"):
        initialise_(nn.Linear(2, 2), "xavier-norml")


def test_a_pattern_without_layers_is_an_error_that_changes_nothing():
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    before = model[0].weight.clone()
    with pytest.raises(InputError, match="no layer with weights matches 'conv\\*': the layers are 0"):
        initialise_(model, {"0": "zeros", "conv*": "zeros"})
    assert torch.equal(model[0].weight, before)
