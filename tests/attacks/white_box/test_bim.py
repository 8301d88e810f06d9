"""Tests of burnish.attacks.white_box.bim."""

import pytest
import torch
from tests.attacks.trained import accuracy, digits_network

from burnish.attacks import BIM, FGSM, PGD


@pytest.fixture
def trained():
    return digits_network()


def test_one_step_is_fgsm(trained):
    for norm, eps in (("linf", 0.1), ("l2", 1.0), ("l1", 4.0)):
        once = BIM(trained.model, eps=eps, norm=norm, steps=1)(trained.images, trained.labels)
        assert torch.equal(once, FGSM(trained.model, eps=eps, norm=norm)(trained.images, trained.labels))


def test_it_is_pgd_from_the_sample_with_steps_of_an_equal_share_of_eps(trained):
    found = BIM(trained.model, eps=0.2, steps=8)(trained.images, trained.labels)
    expected = PGD(trained.model, eps=0.2, steps=8, step_size=0.2 / 8, random_start=False)
    assert torch.allclose(found, expected(trained.images, trained.labels), atol=1e-7)


def test_it_makes_accuracy_fall_at_least_as_far_as_one_step_of_the_same_length(trained):
    clean = accuracy(trained.model, trained.images, trained.labels)
    one = FGSM(trained.model, eps=0.15).run(trained.images, trained.labels).robust_accuracy().value
    ten = BIM(trained.model, eps=0.15).run(trained.images, trained.labels).robust_accuracy().value
    assert ten <= one < clean - 0.3


def test_a_step_size_of_the_callers_is_taken(trained):
    short = BIM(trained.model, eps=0.2, steps=4, step_size=0.01, early_stop=False).run(trained.images, trained.labels)
    assert short.distance.max() <= 0.04 + 1e-6
    assert short.distance.max() > 0.039


def test_there_is_nothing_random_in_it(trained):
    made = [BIM(trained.model, eps=0.1, seed=seed)(trained.images, trained.labels) for seed in (0, 1)]
    assert torch.equal(*made)
