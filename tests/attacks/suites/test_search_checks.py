"""Tests of burnish.attacks.suites.search_checks."""

import dataclasses
from dataclasses import replace

import pytest
import torch
from tests.attacks.suites.test_model_checks import Around, Rounding
from tests.attacks.trained import digits_network
from torch import nn

from burnish.attacks import FGSM, PGD, DeepFool
from burnish.attacks.attack import Attack
from burnish.attacks.suites.search_checks import check_black_box, check_search
from burnish.attacks.suites.suite import Suite


@pytest.fixture
def trained():
    return digits_network()


class Ripples(nn.Module):
    """Steep waves on the inputs: their slope says little about what lies farther away."""

    def forward(self, inputs):
        return inputs + 0.02 * torch.sin(300 * inputs)


@dataclasses.dataclass(frozen=True, eq=False)
class Darken(Attack):
    """An attack that needs no gradient."""

    name = "darken"

    def perturb(self, problem):
        made = problem.within(torch.zeros_like(problem.inputs))
        problem.output(made)
        return made


def findings(trained, model, count=128, **options):
    suite = Suite("pgd", (PGD(model, **options),))
    result = suite.run(trained.images, trained.labels)
    chosen = result.right.nonzero().flatten()[:count]
    return check_search(suite, trained.images, trained.labels, chosen, result.robust)


@pytest.mark.parametrize(
    ("norm", "eps", "steps"), [("linf", 0.05, 10), ("linf", 0.1, 10), ("l2", 0.5, 10), ("l1", 3.0, 100)]
)
def test_a_search_that_works_is_not_accused(trained, norm, eps, steps):
    assert findings(trained, trained.model, eps=eps, norm=norm, steps=steps) == []


def test_a_rounded_input_withstands_even_attacks_without_limit(trained):
    (finding,) = findings(trained, Around(trained.model, Rounding()), eps=0.1)
    assert finding.code == "unbounded-attack-fails"
    assert finding.severity == "error"
    assert "still fails on" in finding.title
    assert "of 128 samples" in finding.title


def test_a_search_that_was_cut_off_is_found(trained):
    (finding,) = findings(trained, trained.model, eps=3.0, norm="l1", steps=5)
    assert finding.code == "more-steps-help"
    assert finding.title.startswith("100 steps of PGD fool another ")


def test_a_radius_and_bounds_of_every_sample_stay_with_it(trained):
    eps = torch.where(trained.labels == 3, 0.3, 0.05)
    bounds = (torch.zeros_like(trained.images), torch.ones_like(trained.images))
    assert findings(trained, trained.model, count=20, eps=eps, bounds=bounds) == []


def test_attacks_without_a_radius_have_no_more_steps_to_try(trained):
    suite = Suite("smallest", (DeepFool(trained.model, norm="linf"),))
    result = suite.run(trained.images[:32], trained.labels[:32])
    chosen = result.right.nonzero().flatten()
    assert check_search(suite, trained.images[:32], trained.labels[:32], chosen, result.robust) == []


def test_steep_waves_that_send_the_search_astray_are_found(trained):
    (finding,) = findings(trained, Around(trained.model, Ripples()), eps=0.1)
    assert finding.code == "unbounded-attack-fails"


def test_a_black_box_that_beats_the_white_box_is_found(trained):
    model = Around(trained.model, Rounding())
    suite = Suite("two", (PGD(model, eps=0.6), Darken(model, eps=0.6)))
    result = suite.run(trained.images, trained.labels)
    (finding,) = check_black_box(suite, result, trained.images, trained.labels)
    assert finding.code == "black-box-better"
    assert finding.title.startswith("darken, which uses no gradients, fooled ")


def test_what_harder_attacks_with_gradients_fool_as_well_is_no_fault_of_the_model(trained):
    suite = Suite("two", (FGSM(trained.model, eps=0.12), PGD(trained.model, eps=0.12)))
    result = suite.run(trained.images, trained.labels)
    without = replace(result.trials[1], gradients=0)
    (finding,) = check_black_box(
        suite, replace(result, trials=(result.trials[0], without)), trained.images, trained.labels
    )
    assert (finding.code, finding.severity) == ("weak-gradient-attacks", "info")


def test_a_black_box_that_finds_less_or_comes_first_is_no_sign(trained):
    attacks = (FGSM(trained.model, eps=0.6), Darken(trained.model, eps=0.6))
    for order in (attacks, attacks[::-1]):
        suite = Suite("two", order)
        result = suite.run(trained.images, trained.labels)
        assert check_black_box(suite, result, trained.images, trained.labels) == []
