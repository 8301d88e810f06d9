"""Tests of burnish.attacks.white_box.expectation."""

import pytest
import torch
from tests.attacks.trained import digits_network

from burnish.attacks import FGSM, PGD
from burnish.attacks.white_box.expectation import expectation, survival
from burnish.attacks.white_box.viewing import Blur, Brightness, Noise, Scale
from burnish.common.errors import InputError

SEEN = (Brightness(), Scale(1.1, 5.0, 0.03), Blur(0.5), Noise(0.05))  # mild, for images of 8x8 pixels


@pytest.fixture
def trained():
    return digits_network()


@pytest.fixture
def some(trained):
    return trained.images[:48], trained.labels[:48]


def test_an_attack_dies_under_fresh_views_and_survives_when_it_was_made_for_them(trained, some):
    plain = PGD(trained.model, eps=0.2, steps=20)
    robust = expectation(plain, SEEN)
    attacked = {"clean": some[0], "plain": plain(*some), "robust": robust(*some)}
    rate = {name: survival(robust, images, some[1]).mean().item() for name, images in attacked.items()}
    assert plain.run(*some).success.float().mean() > 0.95  # without a change in between it fools nearly always
    assert rate["clean"] < 0.1
    assert rate["plain"] < 0.7
    assert rate["robust"] > 0.9
    assert ((attacked["robust"] - some[0]).abs() <= 0.2 + 1e-6).all()


def test_it_survives_more_often_than_as_many_steps_without_views(trained, some):
    turned = (Scale(1.2, 15.0, 0.08),)
    steps = PGD(trained.model, eps=0.2, steps=20, early_stop=False)
    robust = expectation(steps, turned)
    rates = [survival(robust, made, some[1]).mean().item() for made in (steps(*some), robust(*some))]
    assert rates[1] > rates[0] + 0.02


def test_a_success_is_judged_on_the_share_of_the_views(trained, some):
    robust = expectation(PGD(trained.model, eps=0.15, steps=10), SEEN, share=0.8)
    result = robust.run(*some)
    fresh = survival(robust, result.inputs, some[1], samples=100)
    assert 0.2 < result.success.float().mean() < 0.95
    assert fresh[result.success].mean() > fresh[~result.success].mean() + 0.3
    assert fresh[result.success].mean() > 0.8


def test_targets_are_reached_in_most_views(trained, some):
    targets = (some[1] + 1) % 10
    robust = expectation(PGD(trained.model, eps=0.4, steps=25), SEEN, targeted=True)
    made = robust(*some, targets)
    assert survival(robust, made, targets).mean() > 0.75
    assert survival(robust, some[0], targets).mean() < 0.05


def test_it_is_repeatable_and_leaves_the_model_alone(trained, some):
    robust = expectation(FGSM(trained.model, eps=0.2), SEEN)
    state, weights = torch.get_rng_state(), [p.clone() for p in trained.model.parameters()]
    assert torch.equal(robust(*some), robust(*some))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(a, b) for a, b in zip(weights, trained.model.parameters(), strict=True))
    assert isinstance(robust, FGSM)


def test_fresh_views_need_an_attack_with_views_and_another_seed(trained, some):
    with pytest.raises(InputError, match="made by expectation"):
        survival(PGD(trained.model, eps=0.1), *some)
    with pytest.raises(InputError, match="seed 3 is that of the attack: take another one"):
        survival(expectation(PGD(trained.model, eps=0.1, seed=3), SEEN), *some, seed=3)
