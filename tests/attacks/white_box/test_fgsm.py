"""Tests of burnish.attacks.white_box.fgsm."""

import pytest
import torch
import torch.nn.functional as F
from tests.attacks.trained import accuracy, digits_network
from torch import nn

from burnish.attacks import FGSM


@pytest.fixture
def trained():
    return digits_network()


def test_every_pixel_moves_by_eps_along_the_sign_of_its_gradient(trained):
    images = (0.6 * trained.images + 0.2).requires_grad_()
    (gradient,) = torch.autograd.grad(F.cross_entropy(trained.model(images), trained.labels, reduction="sum"), images)
    made = FGSM(trained.model, eps=0.1, skip_wrong=False)(images.detach(), trained.labels)
    assert torch.allclose(made, images + 0.1 * gradient.sign(), atol=1e-7)
    assert gradient.sign().any()


@pytest.mark.parametrize(("norm", "eps", "fall"), [("linf", 0.15, 0.4), ("l2", 1.2, 0.4), ("l1", 6.0, 0.15)])
def test_accuracy_falls_by_far_more_than_a_random_step_of_the_same_size_makes_it_fall(trained, norm, eps, fall):
    clean = accuracy(trained.model, trained.images, trained.labels)
    result = FGSM(trained.model, eps=eps, norm=norm).run(trained.images, trained.labels)
    assert result.robust_accuracy().value < clean - fall
    noise = torch.randn(trained.images.shape, generator=torch.Generator().manual_seed(0))
    noise = noise.sign() if norm == "linf" else noise
    order = {"linf": torch.inf, "l2": 2, "l1": 1}[norm]
    noise = noise * (eps / noise.flatten(1).norm(p=order, dim=1)).view(-1, 1, 1, 1)
    assert accuracy(trained.model, (trained.images + noise).clamp(0, 1), trained.labels) > clean - fall / 3


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_on_a_linear_model_no_perturbation_of_that_size_raises_the_loss_more(norm):
    torch.manual_seed(0)
    model = nn.Linear(20, 2).eval()
    rows, labels = torch.rand(50, 20) * 0.2 + 0.4, torch.arange(50) % 2
    made = FGSM(model, eps=0.1, norm=norm, skip_wrong=False)(rows, labels)
    weight = (model.weight[1] - model.weight[0]).detach()
    dual = weight.abs().sum() if norm == "linf" else weight.norm()
    with torch.no_grad():
        margin = (model(made) - model(rows)) @ torch.tensor([-1.0, 1.0]) * (1 - 2.0 * labels)
    assert torch.allclose(margin, 0.1 * dual.expand(50), atol=1e-6)  # the dual norm bounds it: Hoelder


def test_a_step_towards_a_target_lowers_its_cross_entropy(trained):
    targets = (trained.labels + 3) % 10
    made = FGSM(trained.model, eps=0.05, skip_wrong=False)(trained.images, trained.labels, targets)
    with torch.no_grad():
        before = F.cross_entropy(trained.model(trained.images), targets, reduction="none")
        after = F.cross_entropy(trained.model(made), targets, reduction="none")
    assert (after < before).float().mean() > 0.95


def test_a_random_start_with_a_longer_step_stays_within_eps_and_still_attacks(trained):
    attack = FGSM(trained.model, eps=0.2, random_start=True, step=1.25)
    result = attack.run(trained.images, trained.labels)
    assert (result.distance.double() <= 0.2).all()
    assert result.robust_accuracy().value < 0.5
    assert torch.equal(result.inputs, attack(trained.images, trained.labels))
    other = FGSM(trained.model, eps=0.2, random_start=True, step=1.25, seed=1)(trained.images, trained.labels)
    assert not torch.equal(result.inputs, other)


def test_it_costs_one_gradient(trained):
    result = FGSM(trained.model, eps=0.1, skip_wrong=False).run(trained.images, trained.labels)
    assert (result.gradients == 1).all()
