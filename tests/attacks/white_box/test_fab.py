"""Tests of burnish.attacks.white_box.fab."""

import pytest
import torch
from tests.attacks.white_box.linear_models import closed_form, linear_classifier
from tests.attacks.white_box.smallest_radius import pgd_radius, right_digits
from torch import nn

from burnish.attacks import PGD, Exceed
from burnish.attacks.white_box.deepfool import DeepFool
from burnish.attacks.white_box.fab import FAB
from burnish.attacks.white_box.linear import LinearAttack
from burnish.common.errors import InputError

NORMS = ["linf", "l2", "l1"]


@pytest.fixture
def digits():
    return right_digits()


def attacked(digits, targets=None, **options):
    return FAB(digits.model, **{"steps": 20, **options}).run(digits.images, digits.labels, targets)


@pytest.mark.parametrize("norm", NORMS)
def test_every_digit_is_fooled_nearer_than_by_ascent_with_bisection(digits, norm):
    result = attacked(digits, norm=norm)
    assert result.success.all()
    assert result.distance.mean() < 0.99 * pgd_radius(norm).mean()
    assert result.distance.median() < 0.99 * pgd_radius(norm).median()
    assert result.inputs.min() >= 0
    assert result.inputs.max() <= 1


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_it_comes_nearer_than_deepfool(digits, norm):
    other = DeepFool(digits.model, norm=norm).run(digits.images, digits.labels)
    assert attacked(digits, norm=norm).distance.mean() < 0.985 * other.distance.mean()


@pytest.mark.parametrize("target_classes", [None, 6])
@pytest.mark.parametrize("norm", NORMS)
def test_a_linear_classifier_is_fooled_at_the_closed_form(norm, target_classes):
    model, inputs, labels = linear_classifier(7)
    result = FAB(model, norm=norm, steps=20, target_classes=target_classes).run(inputs, labels)
    assert result.success.all()
    assert torch.allclose(result.distance, closed_form(model, inputs, labels, norm), rtol=1e-3, atol=0)


@pytest.mark.parametrize("norm", NORMS)
def test_bounds_in_the_way_of_a_linear_classifier_are_gone_round(norm):
    model, inputs, _ = linear_classifier(3)
    inputs = inputs.round()
    labels = model(inputs).argmax(dim=1)
    exact = LinearAttack(model, norm=norm).run(inputs, labels).distance
    assert (exact > 1.01 * closed_form(model, inputs, labels, norm)).any()
    result = FAB(model, norm=norm, steps=40, target_classes=2).run(inputs, labels)
    assert torch.allclose(result.distance, exact, rtol=0.01, atol=0)


def test_a_run_for_each_likely_class_comes_nearer_and_a_step_costs_one_gradient(digits):
    whole, single = attacked(digits), attacked(digits, target_classes=9)
    assert single.distance.mean() < 0.997 * whole.distance.mean()
    assert (whole.gradients == 20 * 9).all()
    assert (single.gradients == 9 * 20).all()
    assert (attacked(digits, target_classes=2).gradients == 2 * 20).all()


def test_restarts_come_nearer_and_are_the_same_every_time(digits):
    one, three, again = attacked(digits), attacked(digits, restarts=3), attacked(digits, restarts=3)
    assert (three.distance <= one.distance * (1 + 1e-3)).all()
    assert (three.distance < 0.995 * one.distance).any()
    assert torch.equal(three.inputs, again.inputs)


def test_more_steps_come_nearer(digits):
    assert attacked(digits, steps=40).distance.mean() < 0.99 * attacked(digits, steps=2).distance.mean()


@pytest.mark.parametrize("norm", NORMS)
def test_with_eps_as_many_are_fooled_as_by_ascent_and_the_work_stops_there(digits, norm):
    eps = pgd_radius(norm).median().item()
    free = attacked(digits, norm=norm, steps=10, target_classes=9)
    result = attacked(digits, norm=norm, eps=eps, steps=10, target_classes=9)
    assert (result.distance.double() <= eps).all()
    assert torch.equal(digits.model(result.inputs).argmax(dim=1) != digits.labels, result.success)
    ascent = PGD(digits.model, eps=eps, norm=norm, steps=30).run(digits.images, digits.labels)
    assert result.success.sum() >= ascent.success.sum()
    assert not result.success.all()
    assert result.gradients[result.success].sum() < 0.3 * free.gradients[result.success].sum()


def test_without_early_stop_the_smallest_is_looked_for_within_eps_too(digits):
    eps = 2 * pgd_radius("linf").max().item()
    thorough = attacked(digits, eps=eps, early_stop=False)
    assert torch.allclose(thorough.distance, attacked(digits).distance, atol=1e-6)
    assert thorough.distance.mean() < attacked(digits, eps=eps).distance.mean()


def test_targets_are_reached_and_farther_than_any_wrong_class(digits):
    targets = (digits.labels + 1) % 10
    result = attacked(digits, targets, norm="l2")
    assert torch.equal(digits.model(result.inputs).argmax(dim=1), targets)
    assert result.distance.mean() > 1.3 * attacked(digits, norm="l2").distance.mean()


def test_bounds_may_differ_from_sample_to_sample(digits):
    reach = torch.linspace(0.02, 0.5, len(digits.images))[:, None, None, None]
    low, high = (digits.images - reach).clamp(min=0), (digits.images + reach).clamp(max=1)
    result = attacked(digits, norm="l2", bounds=(low, high))
    assert (result.inputs >= low).all()
    assert (result.inputs <= high).all()
    needed = pgd_radius("linf")
    assert result.success[reach.flatten() > 1.1 * needed].all()
    assert not result.success[reach.flatten() < 0.8 * needed].any()


def test_the_boundary_of_a_loss_is_met():
    model = nn.Sequential(nn.Linear(6, 1, dtype=torch.float64), nn.Tanh()).eval()
    inputs = torch.full((3, 6), 0.5, dtype=torch.float64)
    limit = model(inputs).max().item() + 0.05
    goal = Exceed(lambda output, target: output[:, 0], limit)
    result = FAB(model, goal=goal, norm="l2", steps=20).run(inputs, torch.zeros(3, 1))
    exact = (torch.tensor(limit).atanh() - model[0](inputs)[0, 0]) / model[0].weight.norm()
    assert torch.allclose(result.distance, exact.detach().expand(3).double(), rtol=1e-3)


def test_samples_that_are_wrong_already_stay_as_they_are_even_if_they_are_not_skipped(digits):
    result = FAB(digits.model, skip_wrong=False).run(digits.images[:5], (digits.labels[:5] + 1) % 10)
    assert result.success.all()
    assert (result.distance == 0).all()


def test_classes_cannot_be_chosen_twice(digits):
    with pytest.raises(InputError, match="target_classes chooses the classes itself: leave it out where a target"):
        attacked(digits, (digits.labels + 1) % 10, target_classes=3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 0}, "steps and restarts must be at least 1 and cuts 0 or more, got 0, 1 and 3"),
        ({"target_classes": 0}, "target_classes must be at least 1, got 0: None looks at all at once"),
        ({"alpha_max": 1.0}, r"alpha_max must lie in \[0, 1\) and beta in \(0, 1\], got 1 and 0.9"),
        ({"beta": 0.0}, r"alpha_max must lie in \[0, 1\) and beta in \(0, 1\], got 0.1 and 0"),
        ({"eta": 0.9}, "eta must be at least 1, got 0.9: a shorter step never crosses the boundary"),
    ],
)
def test_options_that_cannot_be_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        FAB(nn.Linear(2, 2), **options)


@pytest.mark.peer
@pytest.mark.parametrize("target_classes", [None, 9])
@pytest.mark.parametrize("norm", ["linf", "l2"])  # in L1 theirs ends in an UnboundLocalError
def test_the_median_distance_is_not_above_that_of_torchattacks(digits, norm, target_classes):
    torchattacks = pytest.importorskip("torchattacks")
    theirs = torchattacks.FAB(
        digits.model,
        norm={"linf": "Linf", "l2": "L2"}[norm],
        eps=20.0,  # beyond it they give the sample back
        steps=100,
        multi_targeted=target_classes is not None,
        n_classes=10,
    )
    made = theirs(digits.images, digits.labels)
    peer = (made - digits.images).flatten(1).norm(p={"linf": torch.inf, "l2": 2}[norm], dim=1)
    peer[digits.model(made).argmax(dim=1) == digits.labels] = torch.inf
    digits.model.zero_grad(set_to_none=True)
    ours = attacked(digits, norm=norm, steps=100, target_classes=target_classes)
    print(f"FAB {norm} {target_classes}: ours {ours.distance.median():.4f}, torchattacks {peer.median():.4f}")
    assert ours.distance.median() <= 1.05 * peer.median()
    assert ours.distance.mean() <= 1.02 * peer.mean()
