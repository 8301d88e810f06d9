"""Tests of burnish.attacks.white_box.pgd."""

import pytest
import torch
import torch.nn.functional as F
from tests.attacks.trained import accuracy, digits_network
from torch import nn

from burnish.attacks import FGSM, PGD
from burnish.common.errors import InputError


@pytest.fixture
def trained():
    return digits_network()


def loss_of(trained, images):
    with torch.no_grad():
        return F.cross_entropy(trained.model(images), trained.labels, reduction="none")


@pytest.mark.parametrize(("norm", "eps"), [("linf", 0.15), ("l2", 1.2), ("l1", 6.0)])
def test_accuracy_falls_close_to_zero_and_below_that_of_one_step(trained, norm, eps):
    clean = accuracy(trained.model, trained.images, trained.labels)
    result = PGD(trained.model, eps=eps, norm=norm, steps=20).run(trained.images, trained.labels)
    one = FGSM(trained.model, eps=eps, norm=norm).run(trained.images, trained.labels)
    assert clean > 0.95
    assert result.robust_accuracy().value < 0.2
    assert result.robust_accuracy().value < one.robust_accuracy().value
    assert (result.distance.double() <= eps).all()
    assert accuracy(trained.model, result.inputs, trained.labels) == result.robust_accuracy().value


def test_a_radius_of_zero_leaves_clean_accuracy(trained):
    result = PGD(trained.model, eps=0.0).run(trained.images, trained.labels)
    assert torch.equal(result.inputs, trained.images)
    assert result.robust_accuracy().value == accuracy(trained.model, trained.images, trained.labels)


def test_a_radius_of_the_whole_space_leaves_nothing(trained):
    result = PGD(trained.model, eps=1.0, steps=40).run(trained.images, trained.labels)
    assert result.robust_accuracy().value == 0


def test_a_larger_radius_leaves_no_more(trained):
    left = [
        PGD(trained.model, eps=eps, steps=20).run(trained.images, trained.labels).robust_accuracy().value
        for eps in (0.02, 0.05, 0.1, 0.2)
    ]
    assert left == sorted(left, reverse=True)
    assert left[0] - left[-1] > 0.5


@pytest.mark.parametrize("norm", ["linf", "l2", "l1"])
def test_on_a_linear_model_the_loss_reaches_its_maximum_over_the_ball(norm):
    torch.manual_seed(0)
    model = nn.Linear(20, 2).eval()
    rows, labels = torch.rand(50, 20) * 0.2 + 0.4, torch.arange(50) % 2
    attack = PGD(model, eps=0.1, norm=norm, steps=40, random_start=False, skip_wrong=False, early_stop=False)
    weight = (model.weight[1] - model.weight[0]).detach()
    dual = {"linf": weight.abs().sum(), "l2": weight.norm(), "l1": weight.abs().max()}[norm]
    with torch.no_grad():
        margin = (model(attack(rows, labels)) - model(rows)) @ torch.tensor([-1.0, 1.0]) * (1 - 2.0 * labels)
    assert torch.allclose(margin, 0.1 * dual.expand(50), rtol=1e-3)


@pytest.mark.parametrize("norm", ["linf", "l2", "l1"])
@pytest.mark.parametrize("eps", [1e-5, 1e-3, 0.1, 3.0])
def test_the_ball_is_kept_to_the_last_bit_over_many_coordinates_and_reached(norm, eps):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(3000, 3)).eval()
    images, labels = torch.rand(8, 3, 25, 40), torch.arange(8) % 3
    attack = PGD(model, eps=min(eps, 1.0), norm=norm, steps=3, early_stop=False, skip_wrong=False)
    distance = attack.run(images, labels).distance
    assert (distance.double() <= min(eps, 1.0)).all()
    assert distance.min() > 0.9 * min(eps, 1.0)


def test_restarts_never_lose_a_success_and_find_some(trained):
    options = {"eps": 0.08, "steps": 2}
    once = PGD(trained.model, **options).run(trained.images, trained.labels)
    more = PGD(trained.model, restarts=10, **options).run(trained.images, trained.labels)
    assert (more.success >= once.success).all()
    assert more.success.sum() > once.success.sum()


def test_restarts_keep_the_highest_loss_of_a_sample_that_no_start_fooled(trained):
    options = {"eps": 0.03, "steps": 2, "early_stop": False, "skip_wrong": False}
    once = PGD(trained.model, **options).run(trained.images, trained.labels)
    more = PGD(trained.model, restarts=5, **options).run(trained.images, trained.labels)
    never = ~more.success
    assert never.any()
    assert (loss_of(trained, more.inputs)[never] >= loss_of(trained, once.inputs)[never] - 1e-6).all()
    assert (loss_of(trained, more.inputs)[never] > loss_of(trained, once.inputs)[never] + 1e-6).any()


def test_a_restart_works_on_samples_that_are_left_alone(trained):
    result = PGD(trained.model, eps=0.1, steps=5, restarts=4, early_stop=False).run(trained.images, trained.labels)
    assert set(result.gradients[~result.wrong].tolist()) <= {5, 10, 15, 20}
    assert (result.gradients[~result.success] == 20).all()
    assert (result.gradients[result.success & ~result.wrong] < 20).any()


def test_momentum_follows_the_written_out_recurrence(trained):
    images = 0.8 * trained.images + 0.1
    attack = PGD(
        trained.model, eps=0.1, steps=4, step_size=0.025, momentum=0.9, random_start=False,
        skip_wrong=False, early_stop=False,
    )  # fmt: skip
    at, speed = images.clone(), torch.zeros_like(images)
    for _ in range(4):
        at.requires_grad_()
        (gradient,) = torch.autograd.grad(F.cross_entropy(trained.model(at), trained.labels, reduction="sum"), at)
        speed = 0.9 * speed + gradient / gradient.abs().sum(dim=(1, 2, 3), keepdim=True)
        at = (at + 0.025 * speed.sign()).clamp(images - 0.1, images + 0.1).clamp(0, 1).detach()
    made = attack(images, trained.labels)
    assert torch.allclose(made, at, atol=1e-6)
    without = PGD(trained.model, eps=0.1, steps=4, step_size=0.025, random_start=False, early_stop=False)
    assert not torch.allclose(made, without(images, trained.labels), atol=1e-3)


def test_steps_are_two_and_a_half_radii_in_all_unless_said(trained):
    default = PGD(trained.model, eps=0.1, steps=5, random_start=False)(trained.images, trained.labels)
    said = PGD(trained.model, eps=0.1, steps=5, step_size=0.05, random_start=False)(trained.images, trained.labels)
    assert torch.allclose(default, said, atol=1e-7)


def test_the_random_start_of_a_sample_does_not_depend_on_who_else_is_attacked(trained):
    everyone = PGD(trained.model, eps=0.1, skip_wrong=False)(trained.images, trained.labels)
    labels = trained.labels.clone()
    labels[::2] = (trained.model(trained.images).argmax(1)[::2] + 1) % 10  # every other sample is skipped as wrong
    half = PGD(trained.model, eps=0.1)(trained.images, labels)
    right = trained.model(trained.images).argmax(1) == trained.labels
    kept = torch.arange(len(labels)) % 2 == 1
    assert torch.allclose(half[kept & right], everyone[kept & right], atol=1e-5)
    assert torch.equal(half[~kept], trained.images[~kept])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 0}, "steps and restarts must be at least 1, got 0 and 1"),
        ({"step_size": 0.0}, "step_size must be positive, got 0: leave it out for 2.5 eps / steps"),
        ({"restarts": 2, "random_start": False}, "restarts without a random start would all be the same"),
    ],
)
def test_options_that_cannot_be_are_refused(trained, options, message):
    with pytest.raises(InputError, match=message):
        PGD(trained.model, eps=0.1, **options)
