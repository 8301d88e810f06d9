"""Tests of burnish.attacks.problem."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from burnish.attacks import PGD, Misclassify
from burnish.attacks.norms import size

ROWS = torch.rand(10, 6, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(10) % 3


def problem(norm="linf", eps=0.1, bounds=(0.0, 1.0)):
    torch.manual_seed(0)
    attack = PGD(nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3)).eval(), eps=eps, norm=norm, bounds=bounds)
    return attack.problem(ROWS, LABELS, Misclassify(), 0, 10), attack.model


def test_gradients_are_those_of_each_samples_own_loss_and_no_parameter_gets_one():
    whole, model = problem()
    gradient, output, loss = whole.gradient(ROWS)
    leaf = ROWS.clone().requires_grad_()
    expected = F.cross_entropy(model(leaf), LABELS, reduction="none")
    assert torch.allclose(gradient, torch.autograd.grad(expected.sum(), leaf)[0], atol=1e-7)
    assert torch.allclose(loss, expected)
    assert torch.allclose(output, model(ROWS))
    assert not any(tensor.requires_grad for tensor in (gradient, output, loss))
    assert all(parameter.grad is None for parameter in model.parameters())


def test_another_objective_may_be_differentiated():
    whole, model = problem()
    gradient, _, value = whole.gradient(ROWS, lambda output, labels: output[:, 0])
    leaf = ROWS.clone().requires_grad_()
    assert torch.allclose(gradient, torch.autograd.grad(model(leaf)[:, 0].sum(), leaf)[0], atol=1e-7)
    assert torch.allclose(value, model(ROWS)[:, 0])


@pytest.mark.parametrize("chosen", [torch.tensor([7, 2, 3]), torch.arange(10) > 6])
def test_a_part_has_everything_of_its_samples(chosen):
    eps = torch.linspace(0.1, 0.2, 10)
    low, high = ROWS - 0.05, torch.ones(1, 6)
    whole, _ = problem(eps=eps, bounds=(low, high))
    part = whole.part(chosen)
    numbers = torch.arange(10)[chosen]
    assert torch.equal(part.inputs, ROWS[numbers])
    assert torch.equal(part.labels, LABELS[numbers])
    assert torch.allclose(part.eps, eps[numbers])
    assert torch.equal(part.low, low[numbers])
    assert torch.equal(part.high, high)
    assert torch.equal(part.rows, numbers)
    assert torch.equal(part.part(torch.tensor([0])).rows, numbers[:1])
    assert len(part) == len(numbers)


def test_costs_are_booked_to_the_samples_that_caused_them():
    whole, _ = problem()
    part = whole.part(torch.tensor([1, 4]))
    whole.output(whole.inputs)
    part.gradient(part.inputs)
    part.part(torch.tensor([1])).output(part.inputs[1:])
    assert whole.spent.queries.tolist() == [1, 2, 1, 1, 3, 1, 1, 1, 1, 1]
    assert whole.spent.gradients.tolist() == [0, 1, 0, 0, 1, 0, 0, 0, 0, 0]


@pytest.mark.parametrize("norm", ["linf", "l2", "l1"])
def test_inputs_are_brought_back_within_radius_and_bounds(norm):
    whole, _ = problem(norm=norm, eps=0.3)
    back = whole.within(ROWS + torch.randn(10, 6, generator=torch.Generator().manual_seed(1)))
    assert (size(back - ROWS, norm) <= 0.3 + 1e-6).all()
    assert back.min() >= 0
    assert back.max() <= 1
    assert not torch.equal(back, ROWS)
    assert torch.allclose(whole.within(back), back, atol=1e-6)


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_a_step_goes_as_far_as_it_is_long_and_uphill(norm):
    whole, _ = problem(norm=norm, eps=10.0, bounds=(-9.0, 9.0))
    gradient, _, before = whole.gradient(ROWS)
    lengths = torch.linspace(0.001, 0.01, 10)
    after = whole.step(ROWS, gradient, lengths)
    assert torch.allclose(size(after - ROWS, norm), lengths, rtol=1e-3)
    assert (whole.loss(whole.output(after)) > before).all()


def test_a_step_in_l1_passes_over_coordinates_that_stand_at_their_bound():
    whole, _ = problem(norm="l1", eps=1.0)
    at = whole.inputs.clone()
    gradient = torch.full_like(at, 0.1)
    gradient[:, 2] = 5.0
    at[:, 2] = 1.0  # the steepest coordinate cannot rise
    moved = whole.step(at, gradient, torch.full((10,), 0.05)) - at
    assert (moved[:, 2] <= 0).all()
    assert (moved[:, [0, 1, 3, 4, 5]].abs().sum(dim=1) > 0).any()


def test_random_starts_of_a_part_are_those_that_its_samples_would_have_had():
    starts = []
    for chosen in (torch.arange(10), torch.tensor([3, 8])):
        whole, _ = problem(eps=0.2)
        starts.append(whole.part(chosen).random_start())
    assert torch.equal(starts[0][[3, 8]], starts[1])
    assert ((starts[0] - ROWS).abs() <= 0.2 + 1e-6).all()
    assert (starts[0] - ROWS).abs().max() > 0.15
