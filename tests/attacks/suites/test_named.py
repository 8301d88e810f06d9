"""Tests of burnish.attacks.suites.named."""

import pytest
from tests.attacks.trained import digits_network

from burnish.attacks.suites.named import quick


@pytest.fixture
def trained():
    return digits_network()


def test_quick_finds_that_an_undefended_network_has_no_defence(trained):
    result = quick(trained.model, eps=0.2).run(trained.images[:64], trained.labels[:64])
    assert result.clean_accuracy.value > 0.95
    assert result.robust_accuracy.value < 0.1
    assert [trial.attack for trial in result.trials] == ["fgsm", "pgd", "square"]


def test_every_attack_of_quick_is_given_what_was_asked_for(trained):
    suite = quick(trained.model, eps=0.3, norm="l2", bounds=(-1.0, 2.0), batch_size=7, seed=5, queries=30)
    for attack in suite.attacks:
        assert (attack.eps, attack.norm, attack.bounds, attack.batch_size, attack.seed) == (
            0.3,
            "l2",
            (-1.0, 2.0),
            7,
            5,
        )
    assert suite.attacks[1].steps == 10
    assert suite.attacks[2].queries == 30


def test_l1_leaves_out_what_has_no_l1(trained):
    assert [attack.name for attack in quick(trained.model, eps=3.0, norm="l1").attacks] == ["fgsm", "pgd"]
