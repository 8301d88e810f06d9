"""Tests of burnish.attacks.suites.catalogue."""

import pytest
from torch import nn

from burnish.attacks import PGD
from burnish.attacks.attack import Attack
from burnish.attacks.suites.catalogue import create, names, own_options
from burnish.common.errors import InputError


@pytest.mark.parametrize("name", names())
def test_every_name_makes_an_attack_of_the_model(name):
    model = nn.Linear(4, 4)
    attack = create(name, model, eps=0.1)
    assert isinstance(attack, Attack)
    assert attack.model is model
    assert attack.eps == 0.1


def test_an_attack_takes_its_options():
    attack = create("pgd", nn.Linear(2, 2), eps=0.1, steps=3, seed=4)
    assert type(attack) is PGD
    assert (attack.steps, attack.seed) == (3, 4)
    assert own_options("pgd") == ["steps", "step_size", "random_start", "restarts", "momentum"]


def test_what_is_unknown_is_named():
    with pytest.raises(InputError, match=r"unknown attack 'fgms' \(did you mean 'fgsm'\?\)"):
        create("fgms", nn.Linear(2, 2), eps=0.1)
    with pytest.raises(InputError, match=r"pgd has no option 'step' \(did you mean 'steps'\?\): it takes .*restarts"):
        create("pgd", nn.Linear(2, 2), eps=0.1, step=3)
