"""Tests of burnish.training.channel_penalty."""

import math

import pytest
import torch
from torch import nn

import burnish
from burnish.common.errors import InputError
from burnish.training.channel_penalty import ChannelPenalty


def network():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv1d(2, 3, 2), nn.BatchNorm1d(3), nn.Flatten(), nn.Linear(9, 2)).double()
    with torch.no_grad():
        net[1].weight.copy_(torch.tensor([0.5, -2.0, 0.0]))
    return net


@pytest.mark.parametrize(("slimming", "group_lasso"), [(0.3, 0.0), (0.0, 0.2), (0.3, 0.2)])
def test_value_and_gradient_follow_the_formula(slimming, group_lasso):
    net = network()
    value = ChannelPenalty(net, net.parameters(), slimming, group_lasso)()
    filters = [row for layer in (net[0], net[3]) for row in layer.weight.detach().flatten(1)]
    expected = slimming * 2.5 + group_lasso * sum(row.square().sum().sqrt().item() for row in filters)
    assert value.item() == pytest.approx(expected)
    value.backward()
    if slimming:
        assert net[1].weight.grad.tolist() == [slimming, -slimming, 0.0]
    if group_lasso:
        found = [row for layer in (net[0], net[3]) for row in layer.weight.grad.flatten(1)]
        for row, weights in zip(found, filters, strict=True):
            torch.testing.assert_close(row, group_lasso * weights / weights.norm())
    assert net[0].bias.grad is None
    assert net[1].bias.grad is None


@pytest.mark.parametrize("groups", [1, 2])
def test_a_filter_of_a_transposed_convolution_makes_one_output_channel(groups):
    layer = nn.ConvTranspose2d(4, 6, 3, groups=groups, bias=False)
    with torch.no_grad():
        layer.weight.zero_()
        layer.weight[-1, 0] = 2.0  # the last input reaches one output channel through 9 weights
    inputs = torch.ones(1, 4, 5, 5)
    assert [channel for channel in range(6) if layer(inputs)[0, channel].any()] == [0 if groups == 1 else 3]
    value = ChannelPenalty(layer, layer.parameters(), group_lasso=1.0)()
    assert value.item() == pytest.approx(math.sqrt(9 * 4))
    with torch.no_grad():
        layer.weight[-1, 1] = 2.0  # another channel is another filter, whose norm is added
    assert ChannelPenalty(layer, layer.parameters(), group_lasso=1.0)().item() == pytest.approx(12.0)


def test_filters_at_zero_stay_there():
    layer = nn.Linear(3, 2)
    nn.init.zeros_(layer.weight)
    ChannelPenalty(layer, layer.parameters(), group_lasso=1.0)().backward()
    assert layer.weight.grad.tolist() == [[0.0] * 3] * 2


def test_what_does_not_learn_and_what_is_shared_counts_never_and_once():
    net = network()
    only = ChannelPenalty(net, [net[3].weight], slimming=1.0, group_lasso=1.0)
    assert only().item() == pytest.approx(net[3].weight.norm(dim=1).sum().item())
    assert only.lacks == "slimming was given, but no batch normalisation has a scale that learns"
    shared = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    shared[1].weight = shared[0].weight
    found = ChannelPenalty(shared, shared.parameters(), group_lasso=1.0)()
    assert found.item() == pytest.approx(shared[0].weight.norm(dim=1).sum().item())


def test_nothing_to_penalise_is_said():
    norm = nn.LayerNorm(4)
    penalty = ChannelPenalty(norm, norm.parameters(), group_lasso=1.0)
    assert penalty.lacks == "group_lasso was given, but no convolution or linear layer learns"
    assert penalty().item() == 0


@pytest.mark.parametrize("name", ["slimming", "group_lasso"])
@pytest.mark.parametrize("strength", [-0.1, math.nan, math.inf])
def test_a_strength_out_of_range_is_named(name, strength):
    with pytest.raises(InputError, match=f"{name} must be 0 or more, got {strength}"):
        ChannelPenalty(network(), network().parameters(), **{name: strength})


def small_network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 16, 3), nn.BatchNorm2d(16), nn.ReLU(), nn.Flatten(), nn.Linear(16 * 36, 10))


def fitted(tmp_path, **options):
    chosen = {"epochs": 3, "optimizer": "sgd", "learning_rate": 0.1, "weight_decay": 0.0, "quiet": True, "threads": 1}
    return burnish.fit("digits", small_network(), out=tmp_path, **chosen, **options).model


def test_a_fit_with_each_makes_its_channels_smaller(tmp_path):
    plain, slim, grouped = (fitted(tmp_path, **o) for o in ({}, {"slimming": 0.1}, {"group_lasso": 0.1}))

    def scales(model):
        return next(m for m in model.modules() if isinstance(m, nn.BatchNorm2d)).weight.abs().sum().item()

    def norms(model):
        weight = next(m for m in model.modules() if isinstance(m, nn.Conv2d)).weight
        return weight.flatten(1).norm(dim=1).sum().item()

    assert scales(slim) < 0.8 * scales(plain)
    assert norms(grouped) < 0.8 * norms(plain)


def test_a_model_without_anything_to_slim_is_refused(tmp_path):
    with pytest.raises(
        InputError, match="slimming was given, but no batch normalisation has a scale that learns: leave"
    ):
        burnish.fit("digits", "mlp", out=tmp_path, epochs=1, slimming=0.1, quiet=True)
