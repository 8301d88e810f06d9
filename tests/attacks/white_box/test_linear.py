"""Tests of burnish.attacks.white_box.linear."""

import pytest
import torch
from tests.attacks.trained import digits_network
from tests.attacks.white_box.linear_models import closed_form, linear_classifier
from torch import nn

from burnish.attacks import Exceed
from burnish.attacks.white_box.linear import LinearAttack
from burnish.common.errors import InputError

WIDE = (-100.0, 100.0)
NORMS = ["l2", "linf", "l1"]


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("classes", [2, 7])
def test_the_distance_is_that_of_the_closed_form(classes, norm):
    model, inputs, labels = linear_classifier(classes)
    result = LinearAttack(model, norm=norm, bounds=WIDE).run(inputs, labels)
    assert result.success.all()
    assert not result.wrong.any()
    assert torch.allclose(result.distance, closed_form(model, inputs, labels, norm), rtol=2e-5, atol=0)


@pytest.mark.parametrize("norm", NORMS)
def test_a_thousandth_less_does_not_fool(norm):
    model, inputs, labels = linear_classifier(7)
    made = LinearAttack(model, norm=norm, bounds=WIDE)(inputs, labels)
    assert torch.equal(model(inputs + 0.999 * (made - inputs)).argmax(dim=1), labels)


@pytest.mark.parametrize("norm", NORMS)
def test_where_bounds_are_in_the_way_no_random_point_that_is_nearer_fools(norm):
    model, inputs, labels = linear_classifier(3, samples=20)
    inputs = inputs.round()  # at the bounds: half of the directions are closed
    labels = model(inputs).argmax(dim=1)
    result = LinearAttack(model, norm=norm).run(inputs, labels)
    free = closed_form(model, inputs, labels, norm)
    assert result.success.all()
    assert result.inputs.min() >= 0
    assert result.inputs.max() <= 1
    assert (result.distance > 1.01 * free).any()
    assert (result.distance >= free).all()
    shorter = inputs + 0.99 * (result.inputs - inputs)
    generator = torch.Generator().manual_seed(0)
    for _ in range(200):  # points near the one that was found are where nearer ones would be
        near = (shorter + 0.05 * torch.randn(inputs.shape, generator=generator, dtype=inputs.dtype)).clamp(0, 1)
        size = (near - inputs).flatten(1).norm(p={"linf": torch.inf, "l2": 2, "l1": 1}[norm], dim=1)
        fooled = model(near).argmax(dim=1) != labels
        assert not (fooled & (size < 0.999 * result.distance)).any()


def test_single_precision_crosses_the_boundary_too():
    model, inputs, labels = linear_classifier(7, samples=64, dtype=torch.float32)
    assert LinearAttack(model).run(inputs, labels).success.all()


def test_several_linear_layers_in_a_row_are_one():
    model, inputs, _ = linear_classifier(7)
    deep = nn.Sequential(*model, nn.Linear(7, 3, dtype=torch.float64)).eval()
    labels = deep(inputs).argmax(dim=1)
    assert LinearAttack(deep).run(inputs, labels).success.all()


def test_with_eps_only_those_within_it_are_fooled():
    model, inputs, labels = linear_classifier(7)
    free = LinearAttack(model).run(inputs, labels).distance
    eps = free.median().item() * 1.001
    result = LinearAttack(model, eps=eps).run(inputs, labels)
    assert torch.equal(result.success, free <= eps)
    assert (result.distance <= eps).all()


def test_a_loss_that_is_linear_may_be_the_goal():
    model = nn.Linear(20, 1, dtype=torch.float64).eval()
    inputs = torch.full((4, 20), 0.5, dtype=torch.float64)
    start = model(inputs)[0, 0].item()
    goal = Exceed(lambda output, target: output[:, 0], limit=start + 0.1)
    result = LinearAttack(model, goal=goal).run(inputs, torch.zeros(4, 1))
    assert result.distance.tolist() == pytest.approx([0.1 / model.weight.norm().item()] * 4, rel=2e-5)


def test_one_target_of_two_classes_has_a_closed_form_and_one_of_more_has_none():
    model, inputs, labels = linear_classifier(2)
    result = LinearAttack(model, bounds=WIDE).run(inputs, labels, 1 - labels)
    assert torch.allclose(result.distance, closed_form(model, inputs, labels, "l2"), rtol=2e-5)
    model, inputs, labels = linear_classifier(7)
    with pytest.raises(InputError, match="closed form for any wrong class, not for one target among 7: leave out"):
        LinearAttack(model)(inputs, labels, (labels + 1) % 7)


def test_a_box_without_a_boundary_is_no_success():
    model, inputs, labels = linear_classifier(2)
    result = LinearAttack(model, bounds=(inputs - 1e-4, inputs + 1e-4)).run(inputs, labels)
    assert not result.success.any()


@pytest.mark.parametrize("nonlinear", [nn.ReLU(), nn.Tanh(), nn.Hardtanh()])
def test_a_model_that_is_not_affine_is_refused(nonlinear):
    model, inputs, _ = linear_classifier(7)
    deep = nn.Sequential(*model, nonlinear, nn.Linear(7, 3, dtype=torch.float64)).eval()
    with pytest.raises(InputError, match=r"affine function of its inputs; this one is off by .*%.*: take DeepFool"):
        LinearAttack(deep)(inputs, deep(inputs).argmax(dim=1))


def test_a_network_is_refused_even_for_one_image():
    trained = digits_network()
    with pytest.raises(InputError, match="linear needs a model whose logits are an affine function"):
        LinearAttack(trained.model)(trained.images[:1], trained.model(trained.images[:1]).argmax(dim=1))


def test_an_overshoot_of_nothing_is_refused():
    with pytest.raises(InputError, match="overshoot must be positive, got 0: a boundary is no success"):
        LinearAttack(nn.Linear(2, 2), overshoot=0)
