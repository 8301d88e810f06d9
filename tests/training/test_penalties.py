"""Tests of burnish.training.penalties."""

import math

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.training.optimizers import build_optimizer
from burnish.training.penalties import Penalty


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv1d(2, 3, 2), nn.BatchNorm1d(3), nn.Flatten(), nn.Linear(9, 2)).double()


@pytest.mark.parametrize(("l1", "l2"), [(0.3, 0.0), (0.0, 0.2), (0.3, 0.2)])
def test_value_and_gradient_follow_the_formula(l1, l2):
    model = network()
    weights = [model[0].weight, model[3].weight]
    value = Penalty(model.parameters(), l1, l2)()
    expected = sum(l1 * w.abs().sum().item() + l2 / 2 * (w**2).sum().item() for w in weights)
    assert value.item() == pytest.approx(expected)
    value.backward()
    for weight in weights:
        torch.testing.assert_close(weight.grad, l1 * weight.detach().sign() + l2 * weight.detach())
    assert all(p.grad is None for p in model.parameters() if p.ndim < 2)


def test_the_square_penalty_is_the_weight_decay_of_sgd():
    models = [network(), network()]
    x = torch.randn(6, 2, 4, dtype=torch.float64)
    decaying = build_optimizer("sgd", models[0].parameters(), learning_rate=0.1, weight_decay=0.05)
    plain = build_optimizer("sgd", models[1].parameters(), learning_rate=0.1)
    penalty = Penalty(models[1].parameters(), l2=0.05)
    for _ in range(3):
        for model, optimizer in zip(models, (decaying, plain), strict=True):
            optimizer.zero_grad()
            loss = model(x).square().mean()
            (loss + penalty() if model is models[1] else loss).backward()
            optimizer.step()
    for a, b in zip(models[0].parameters(), models[1].parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_it_has_second_derivatives_even_at_zero():
    weight = nn.Parameter(torch.zeros(2, 2))
    (gradient,) = torch.autograd.grad(Penalty([weight], l1=0.1, l2=0.5)(), [weight], create_graph=True)
    (curved,) = torch.autograd.grad(gradient.sum(), [weight])
    assert torch.equal(curved, torch.full((2, 2), 0.5))


def test_present_weights_are_read_at_every_call():
    weight = nn.Parameter(torch.ones(2, 2))
    penalty = Penalty([weight], l2=1.0)
    assert penalty().item() == 2.0
    nn.init.constant_(weight, 2.0)
    assert penalty().item() == 8.0


def test_without_strength_it_is_zero():
    assert Penalty(network().parameters())().item() == 0.0


@pytest.mark.parametrize("name", ["l1", "l2"])
@pytest.mark.parametrize("strength", [-0.1, math.nan, math.inf])
def test_a_strength_out_of_range_is_named(name, strength):
    with pytest.raises(InputError, match=f"{name} must be 0 or more, got {strength}"):
        Penalty(network().parameters(), **{name: strength})


def test_nothing_to_penalise_is_refused():
    with pytest.raises(InputError, match="no parameter has two dimensions or more"):
        Penalty(nn.BatchNorm1d(3).parameters(), l1=0.1)
