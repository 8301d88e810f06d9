"""Tests of burnish.attacks.white_box.deepfool."""

import pytest
import torch
from tests.attacks.white_box.linear_models import closed_form, linear_classifier
from tests.attacks.white_box.smallest_radius import pgd_radius, right_digits
from torch import nn

from burnish.attacks import Exceed
from burnish.attacks.white_box.deepfool import DeepFool
from burnish.common.errors import InputError


@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_a_linear_classifier_is_fooled_at_the_closed_form_and_its_overshoot(norm):
    model, inputs, labels = linear_classifier(7)
    result = DeepFool(model, norm=norm, bounds=(-9.0, 9.0)).run(inputs, labels)
    assert result.success.all()
    assert torch.allclose(result.distance, closed_form(model, inputs, labels, norm), rtol=1e-3, atol=0)
    assert (result.gradients == 6).all()  # one step, one gradient a wrong class
    uncut = DeepFool(model, norm=norm, bounds=(-9.0, 9.0), cuts=0).run(inputs, labels)
    assert torch.allclose(uncut.distance, 1.02 * closed_form(model, inputs, labels, norm), rtol=1e-9, atol=0)
    assert (uncut.queries == result.queries - 5).all()


@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_every_digit_is_fooled_about_as_near_as_ascent_with_bisection_needs(norm):
    digits = right_digits()
    result = DeepFool(digits.model, norm=norm).run(digits.images, digits.labels)
    assert result.success.all()
    assert result.distance.mean() < 1.04 * pgd_radius(norm).mean()
    assert result.distance.median() < 1.04 * pgd_radius(norm).median()
    assert result.gradients.max() <= 50 * 9
    assert result.inputs.min() >= 0
    assert result.inputs.max() <= 1


def test_the_boundaries_that_are_looked_at_make_the_way_shorter_and_dearer():
    digits = right_digits()
    one = DeepFool(digits.model, candidates=1).run(digits.images, digits.labels)
    every = DeepFool(digits.model, candidates=None).run(digits.images, digits.labels)
    assert every.distance.mean() < 0.98 * one.distance.mean()
    assert every.gradients.sum() > 5 * one.gradients.sum()


def test_a_batch_walks_as_each_of_its_samples_would_alone():
    digits = right_digits()
    together = DeepFool(digits.model)(digits.images[:6], digits.labels[:6])
    alone = [DeepFool(digits.model)(digits.images[i : i + 1], digits.labels[i : i + 1]) for i in range(6)]
    assert torch.allclose(together, torch.cat(alone), atol=1e-4)


def test_a_target_is_reached():
    digits = right_digits()
    targets = (digits.labels + 1) % 10
    result = DeepFool(digits.model).run(digits.images, digits.labels, targets)
    assert result.success.all()
    assert torch.equal(digits.model(result.inputs).argmax(dim=1), targets)
    assert result.distance.mean() > 1.5 * DeepFool(digits.model).run(digits.images, digits.labels).distance.mean()


def test_with_eps_only_what_is_within_it_counts():
    digits = right_digits()
    free = DeepFool(digits.model).run(digits.images, digits.labels).distance
    eps = free.median().item()
    result = DeepFool(digits.model, eps=eps).run(digits.images, digits.labels)
    assert (result.distance.double() <= eps).all()
    assert result.success[free < 0.999 * eps].all()
    assert not result.success.all()
    assert torch.equal(digits.model(result.inputs).argmax(dim=1) != digits.labels, result.success)


def test_samples_that_are_wrong_already_stay_as_they_are_even_if_they_are_not_skipped():
    digits = right_digits()
    result = DeepFool(digits.model, skip_wrong=False).run(digits.images[:5], (digits.labels[:5] + 1) % 10)
    assert result.success.all()
    assert (result.distance == 0).all()


def test_the_boundary_of_a_loss_is_crossed():
    model = nn.Sequential(nn.Linear(6, 1), nn.Tanh()).eval()
    inputs = torch.rand(5, 6, generator=torch.Generator().manual_seed(0))
    limit = model(inputs).max().item() + 0.1
    result = DeepFool(model, goal=Exceed(lambda output, target: output[:, 0], limit)).run(inputs, torch.zeros(5, 1))
    assert result.success.all()
    assert (model(result.inputs) < limit + 0.02).all()


def test_a_model_without_gradients_is_not_fooled_and_stays_as_it_is():
    class Blind(nn.Module):
        def forward(self, inputs):
            return torch.stack([inputs.sum(dim=1) * 0 + 2, inputs.sum(dim=1) * 0], dim=1)

    result = DeepFool(Blind().eval()).run(torch.full((3, 4), 0.5), torch.zeros(3, dtype=torch.int64))
    assert not result.success.any()
    assert (result.distance == 0).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"norm": "l1"}, "deepfool works in l2 and linf, not in l1"),
        ({"steps": 0}, "steps must be at least 1 and cuts 0 or more, got 0 and 3"),
        ({"overshoot": -0.1}, "overshoot must be positive, got -0.1: a boundary is no success"),
        ({"candidates": 0}, "candidates must be at least 1, got 0: None looks at all wrong classes"),
    ],
)
def test_options_that_cannot_be_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        DeepFool(nn.Linear(2, 2), **options)


@pytest.mark.peer
@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_the_median_distance_is_not_above_that_of_foolbox(norm):
    foolbox = pytest.importorskip("foolbox")
    digits = right_digits()
    theirs = {"l2": foolbox.attacks.L2DeepFoolAttack, "linf": foolbox.attacks.LinfDeepFoolAttack}[norm](candidates=10)
    wrapped = foolbox.PyTorchModel(digits.model, bounds=(0, 1), device="cpu")
    _, made, fooled = theirs(wrapped, digits.images, digits.labels, epsilons=None)
    change = (made - digits.images).flatten(1)
    peer = change.norm(dim=1) if norm == "l2" else change.abs().amax(dim=1)
    peer[~fooled] = torch.inf
    digits.model.zero_grad(set_to_none=True)
    ours = DeepFool(digits.model, norm=norm).run(digits.images, digits.labels)
    print(f"DeepFool {norm}: ours {ours.distance.median():.4f}, foolbox {peer.median():.4f}")
    assert ours.distance.median() <= 1.05 * peer.median()


@pytest.mark.peer
def test_the_median_distance_is_not_above_that_of_torchattacks():
    torchattacks = pytest.importorskip("torchattacks")
    digits = right_digits()
    made = torchattacks.DeepFool(digits.model, steps=50)(digits.images, digits.labels)
    peer = (made - digits.images).flatten(1).norm(dim=1)
    fooled = digits.model(made).argmax(dim=1) != digits.labels  # the rest stops on the boundary: theirs is clipped back
    digits.model.zero_grad(set_to_none=True)
    ours = DeepFool(digits.model).run(digits.images, digits.labels)
    share = f"{fooled.float().mean():.0%}"
    print(f"DeepFool l2: ours {ours.distance.median():.4f}, torchattacks {peer.median():.4f}, fooling {share}")
    assert ours.distance.median() <= 1.05 * peer.median()
