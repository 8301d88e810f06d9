"""Tests of burnish.attacks.white_box.carlini_wagner."""

import pytest
import torch
from tests.attacks.white_box.linear_models import closed_form, linear_classifier
from tests.attacks.white_box.smallest_radius import pgd_radius, right_digits
from torch import nn

from burnish.attacks.white_box.carlini_wagner import CarliniWagner
from burnish.attacks.white_box.deepfool import DeepFool
from burnish.common.errors import InputError

FEW = 8


@pytest.fixture
def digits():
    return right_digits()


def attacked(digits, targets=None, count=FEW, **options):
    attack = CarliniWagner(digits.model, **{"steps": 60, "step_size": 0.15, "searches": 4, "weight": 0.1, **options})
    return attack.run(digits.images[:count], digits.labels[:count], targets)


def test_every_digit_is_fooled_at_least_as_near_as_ascent_with_bisection_needs_and_nearer_than_by_deepfool(digits):
    result = attacked(digits, count=48, searches=5, steps=100, step_size=0.1)
    assert result.success.all()
    assert result.distance.mean() < 1.02 * pgd_radius("l2").mean()
    assert result.distance.mean() < DeepFool(digits.model).run(digits.images, digits.labels).distance.mean()
    assert result.inputs.min() >= 0
    assert result.inputs.max() <= 1


def test_a_linear_classifier_is_fooled_at_the_closed_form():
    model, inputs, labels = linear_classifier(2)
    result = CarliniWagner(model, steps=200, step_size=1e-3).run(inputs, labels)
    assert result.success.all()
    exact = closed_form(model, inputs, labels, "l2")
    assert (result.distance >= exact * (1 - 1e-9)).all()
    assert torch.allclose(result.distance, exact, rtol=0.05, atol=0)
    assert result.distance.median() <= 1.005 * exact.median()


def test_the_search_for_the_weight_brings_samples_nearer(digits):
    one, more = attacked(digits, searches=1, weight=10.0), attacked(digits, searches=5, weight=10.0)
    assert one.success.all()
    assert more.distance.mean() < 0.99 * one.distance.mean()
    assert (more.distance <= one.distance + 1e-6).all()


def test_a_weight_that_is_too_small_grows_until_it_fools(digits):
    assert not attacked(digits, searches=1, weight=1e-4).success.any()
    assert attacked(digits, weight=1e-2).success.all()


def test_confidence_is_the_lead_of_the_wrong_class(digits):
    for kappa in (0.0, 3.0):
        logits = digits.model(attacked(digits, confidence=kappa, weight=1.0).inputs).detach()
        own = logits.gather(1, digits.labels[:FEW, None])[:, 0]
        lead = logits.scatter(1, digits.labels[:FEW, None], -torch.inf).amax(dim=1) - own
        assert (lead >= kappa).all()
        assert (lead < kappa + 1.5).all()


def test_targets_are_reached_and_farther_than_any_wrong_class(digits):
    targets = (digits.labels[:FEW] + 1) % 10
    result = attacked(digits, targets)
    assert torch.equal(digits.model(result.inputs).argmax(dim=1), targets)
    assert (result.distance > 0.98 * attacked(digits).distance).all()


def test_samples_do_not_disturb_each_other(digits):
    together = attacked(digits, count=3, searches=5, weight=1.0)
    alone = [
        CarliniWagner(digits.model, steps=60, step_size=0.15, searches=5, weight=1.0).run(image[None], label[None])
        for image, label in zip(digits.images[:3], digits.labels[:3], strict=True)
    ]
    assert torch.allclose(together.distance, torch.cat([one.distance for one in alone]), rtol=0.02)


def test_a_descent_that_no_longer_moves_is_left_and_costs_no_distance(digits):
    stopped, thorough = attacked(digits, searches=5), attacked(digits, searches=5, early_stop=False)
    assert (thorough.gradients == 5 * 60).all()
    assert stopped.gradients.sum() < 0.95 * thorough.gradients.sum()
    assert stopped.distance.mean() < 1.01 * thorough.distance.mean()


def test_with_eps_only_what_is_within_it_counts_and_the_work_stops_there(digits):
    free = attacked(digits)
    eps = free.distance.median().item() * 1.02
    result = attacked(digits, eps=eps)
    assert (result.distance.double() <= eps).all()
    assert torch.equal(digits.model(result.inputs).argmax(dim=1) != digits.labels[:FEW], result.success)
    assert result.success[free.distance < 0.98 * eps].all()
    assert not result.success.all()
    assert result.gradients[result.success].sum() < 0.9 * free.gradients[result.success].sum()


def test_inputs_whose_bounds_are_equal_stay(digits):
    images = digits.images[:FEW]
    low, high = torch.zeros(1, 8, 8), torch.ones(1, 8, 8)
    low[:, :3] = high[:, :3] = 0.25
    images = images.clamp(low, high)
    labels = digits.model(images).argmax(dim=1)
    result = CarliniWagner(digits.model, bounds=(low, high), steps=60, step_size=0.15, searches=3, weight=1.0).run(
        images, labels
    )
    assert torch.equal(result.inputs[:, :, :3], images[:, :, :3])
    assert result.success.all()


def test_samples_that_are_wrong_already_stay_as_they_are_even_if_they_are_not_skipped(digits):
    result = CarliniWagner(digits.model, skip_wrong=False).run(digits.images[:5], (digits.labels[:5] + 1) % 10)
    assert result.success.all()
    assert (result.distance == 0).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"norm": "linf"}, "carlini-wagner works in l2, not in linf"),
        ({"confidence": -1}, "confidence must be 0 or more, got -1: it is a lead in logits"),
        ({"steps": 0}, "searches and steps must be at least 1, got 9 and 0"),
        ({"weight": 0}, "step_size and weight must be positive, got 0.01 and 0"),
        ({"bounds": (0.0, float("inf"))}, "keeps its bounds by a change of variables: they must be finite"),
    ],
)
def test_options_that_cannot_be_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        CarliniWagner(nn.Linear(2, 2), **options)


@pytest.mark.peer
@pytest.mark.parametrize("library", ["foolbox", "torchattacks"])
def test_the_median_distance_is_not_above_that_of_a_peer(digits, library):
    peer = pytest.importorskip(library)
    images, labels = digits.images[:FEW], digits.labels[:FEW]
    if library == "foolbox":
        wrapped = peer.PyTorchModel(digits.model, bounds=(0, 1), device="cpu")
        theirs = peer.attacks.L2CarliniWagnerAttack(binary_search_steps=9, steps=1000)
        _, made, _ = theirs(wrapped, images, labels, epsilons=None)
    else:
        made = peer.CW(digits.model, c=1, kappa=0, steps=1000, lr=0.01)(images, labels)
    distance = (made - images).flatten(1).norm(dim=1)
    distance[digits.model(made).argmax(dim=1) == labels] = torch.inf
    digits.model.zero_grad(set_to_none=True)
    ours = CarliniWagner(digits.model).run(images, labels).distance
    print(f"Carlini-Wagner l2: ours {ours.median():.4f}, {library} {distance.median():.4f}")
    assert ours.median() <= 1.05 * distance.median()
