"""Tests of burnish.attacks.suites.false_security."""

import pytest
from tests.attacks.suites.test_model_checks import Around, Detached, Noise, Rounding
from tests.attacks.trained import digits_network
from torch import nn

from burnish.attacks import FGSM, PGD
from burnish.attacks.suites.false_security import false_security
from burnish.attacks.suites.named import quick
from burnish.attacks.suites.suite import Suite


@pytest.fixture
def trained():
    return digits_network()


def codes(trained, model, *attacks):
    suite = Suite("mine", attacks)
    result = suite.run(trained.images, trained.labels)
    return [finding.code for finding in false_security(suite, result, trained.images, trained.labels, samples=64)]


def test_an_honest_model_has_no_findings(trained):
    assert codes(trained, trained.model, FGSM(trained.model, eps=0.1), PGD(trained.model, eps=0.1)) == []


def test_signs_of_every_kind_are_gathered(trained):
    model = Around(trained.model, Rounding())
    assert codes(trained, model, PGD(model, eps=0.1)) == ["zero-gradients", "unbounded-attack-fails"]


def test_a_quick_suite_is_enough_to_see_through_rounded_inputs(trained):
    model = Around(trained.model, Rounding())
    found = codes(trained, model, *quick(model, eps=0.2, queries=300).attacks)
    assert found == ["zero-gradients", "unbounded-attack-fails", "black-box-better"]


def test_a_model_without_gradients_is_told_once(trained):
    from tests.attacks.suites.test_search_checks import Darken

    model = Around(trained.model, Detached())
    assert codes(trained, model, Darken(model, eps=0.1)) == ["zero-gradients"]


def test_a_softmax_is_told_where_its_logarithm_was_attacked(trained):
    model = Around(trained.model, after=nn.Softmax(dim=1))
    assert codes(trained, model, PGD(model, eps=0.1, outputs="probabilities")) == ["probabilities"]


def test_errors_come_first(trained):
    model = Around(trained.model, Rounding(), nn.Softmax(dim=1))
    found = codes(trained, model, PGD(model, eps=0.1, outputs="probabilities"))
    assert found == ["zero-gradients", "unbounded-attack-fails", "probabilities"]


def test_noise_is_told(trained):
    model = Around(trained.model, Noise())
    assert codes(trained, model, PGD(model, eps=0.1)) == ["randomised-output"]
