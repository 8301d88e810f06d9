"""Tests of burnish.attacks.suites.named."""

import pytest
from tests.attacks.trained import digits_network

from burnish.attacks.suites.named import quick, standard
from burnish.common.errors import InputError


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


def test_standard_leaves_no_more_than_quick(trained):
    images, labels = trained.images[:24], trained.labels[:24]
    light = quick(trained.model, eps=0.08).run(images, labels)
    thorough = standard(trained.model, eps=0.08, queries=100).run(images, labels)
    assert 0 < thorough.robust_accuracy.value <= light.robust_accuracy.value
    assert [trial.attack for trial in thorough.trials] == ["apgd-ce", "apgd-t", "fab", "square"]
    assert thorough.trials[0].fooled > 0.8 * (thorough.right & ~thorough.robust).sum()


def test_standard_has_the_budgets_that_were_published(trained):
    ce, targeted, fab, square = standard(trained.model, eps=0.1).attacks
    assert (ce.steps, ce.loss, ce.restarts) == (100, "ce", 1)
    assert (targeted.steps, targeted.classes, targeted.restarts) == (100, 9, 1)
    assert (fab.steps, fab.target_classes, fab.restarts) == (100, 9, 1)
    assert square.queries == 5000
    with pytest.raises(InputError, match="the standard suite works in linf and l2: in l1 take quick"):
        standard(trained.model, eps=3.0, norm="l1")
