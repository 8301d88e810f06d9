"""Tests of burnish.defences.adversarial.inner_attack."""

import pytest
import torch
from torch import nn

from burnish.attacks import FGSM, PGD
from burnish.common.errors import InputError
from burnish.defences.adversarial.inner_attack import Diverge, check_hardening, inner_attack
from burnish.defences.adversarial.options import HardeningOptions

MODEL = nn.Linear(2, 2)


def test_fast_takes_a_quarter_more_than_eps_from_a_random_start():
    attack = inner_attack(MODEL, HardeningOptions(with_="fast", eps=0.1), 0.1, seed=3)
    assert isinstance(attack, FGSM)
    assert (attack.eps, attack.step, attack.random_start, attack.seed) == (0.1, 1.25, True, 3)


@pytest.mark.parametrize(("method", "steps"), [("pgd", 7), ("trades", 10)])
def test_several_steps_are_taken_to_their_end(method, steps):
    attack = inner_attack(MODEL, HardeningOptions(with_=method, eps=0.1), 0.1, seed=0)
    assert isinstance(attack, PGD)
    assert (attack.steps, attack.early_stop, attack.random_start) == (steps, False, True)


def test_the_steps_grow_with_a_growing_eps():
    options = HardeningOptions(with_="pgd", eps=0.1, step_size=0.02, attack_steps=3)
    attack = inner_attack(MODEL, options, 0.05, seed=0)
    assert (attack.eps, attack.step_size, attack.steps) == (0.05, 0.01, 3)


def test_the_divergence_is_that_of_kullback_and_leibler_and_zero_only_for_the_same_answer():
    clean = torch.tensor([[0.7, 0.3], [0.2, 0.8]])
    same = Diverge().loss(clean.log(), clean)
    other = Diverge().loss(torch.tensor([[0.3, 0.7], [0.8, 0.2]]).log(), clean)
    assert same.abs().max() < 1e-6
    assert torch.allclose(other, torch.tensor([0.33892, 0.83178]), atol=1e-4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, r"eps must be a positive number, got nothing: it is what the model shall withstand"),
        ({"eps": 0.0}, r"eps must be a positive number, got 0"),
        ({"eps": 0.1, "with_": "gradient"}, r"gradient needs a positive scale, .* got nothing"),
        ({"eps": 0.1, "scale": 3.0}, r"scale has no effect with pgd"),
        ({"eps": 0.1, "with_": "fast", "attack_steps": 3}, r"attack_steps has no effect with fast"),
        ({"eps": 0.1, "attack_steps": 0}, r"attack_steps must be at least 1, got 0"),
        ({"eps": 0.1, "step_size": -1.0}, r"step_size must be positive, got -1"),
        ({"eps": 0.1, "with_": "gradient", "scale": 1.0, "step_size": 0.1}, r"step_size has no effect with gradient"),
        ({"eps": 0.1, "beta": 3.0}, r"beta has no effect with pgd"),
        ({"eps": 0.1, "eps_warmup": -1.0}, r"eps_warmup must be 0 or more, got -1"),
    ],
)
def test_options_that_cannot_be_or_would_change_nothing_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        check_hardening(HardeningOptions(**options))
