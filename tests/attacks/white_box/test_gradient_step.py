"""Tests of burnish.attacks.white_box.gradient_step."""

import pytest
import torch
import torch.nn.functional as F
from tests.attacks.trained import accuracy, digits_network

from burnish.attacks.white_box.gradient_step import GradientStep
from burnish.common.errors import InputError


@pytest.fixture
def trained():
    return digits_network()


def test_it_adds_the_gradient_of_each_samples_own_loss(trained):
    images = (0.8 * trained.images + 0.1).requires_grad_()  # away from the bounds
    (gradient,) = torch.autograd.grad(F.cross_entropy(trained.model(images), trained.labels, reduction="sum"), images)
    made = GradientStep(trained.model, 0.01, skip_wrong=False)(images.detach(), trained.labels)
    assert torch.allclose(made, images + 0.01 * gradient, atol=1e-7)
    assert gradient.abs().max() > 0.1


def test_a_large_factor_makes_accuracy_fall_and_a_larger_one_lower(trained):
    clean = accuracy(trained.model, trained.images, trained.labels)
    reached = [
        accuracy(trained.model, GradientStep(trained.model, scale)(trained.images, trained.labels), trained.labels)
        for scale in (10.0, 1000.0)
    ]
    assert clean > 0.95
    assert reached[0] < clean - 0.2
    assert reached[1] < 0.3


def test_the_size_of_the_batch_does_not_shorten_the_step(trained):
    whole = GradientStep(trained.model, 1.0)(trained.images, trained.labels)
    alone = GradientStep(trained.model, 1.0)(trained.images[:4], trained.labels[:4])
    assert torch.allclose(whole[:4], alone, atol=1e-6)
    assert not torch.equal(alone, trained.images[:4])


def test_steps_differ_in_length_as_gradients_do(trained):
    distance = GradientStep(trained.model, 1.0, norm="l2").run(trained.images, trained.labels).distance
    assert distance.max() > 100 * distance.median()


@pytest.mark.parametrize(("norm", "eps"), [("linf", 0.1), ("l2", 1.0), ("l1", 4.0)])
def test_eps_limits_the_step_where_it_is_given(trained, norm, eps):
    options = {"norm": norm, "bounds": (-1e3, 1e3)}  # so wide that they limit nothing
    free = GradientStep(trained.model, 30.0, **options).run(trained.images, trained.labels)
    held = GradientStep(trained.model, 30.0, eps=eps, **options).run(trained.images, trained.labels)
    far = free.distance > eps
    assert far.any()
    assert (~far & (free.distance > 0)).any()
    assert torch.allclose(held.distance[far], torch.tensor(eps), rtol=1e-4)
    assert (held.distance.double() <= eps).all()
    assert torch.allclose(held.inputs[~far], free.inputs[~far], atol=1e-6)


def test_one_step_costs_one_gradient(trained):
    result = GradientStep(trained.model, 1.0, skip_wrong=False).run(trained.images, trained.labels)
    assert (result.gradients == 1).all()
    assert (result.queries == 3).all()


@pytest.mark.parametrize("scale", [0.0, -1.0])
def test_a_factor_that_is_not_positive_is_refused(trained, scale):
    with pytest.raises(InputError, match=f"scale must be positive, got {scale:g}: it multiplies the gradient"):
        GradientStep(trained.model, scale)
