"""Tests of burnish.attacks.suites.curve."""

import json

import pytest
import torch
from tests.attacks.trained import accuracy, digits_network

from burnish.attacks import FGSM, PGD
from burnish.attacks.suites.curve import curve
from burnish.attacks.suites.suite import Suite
from burnish.common.errors import InputError


@pytest.fixture
def trained():
    return digits_network()


def test_accuracy_falls_from_that_of_the_model_to_nothing(trained):
    suite = Suite("pgd", (PGD(trained.model, eps=0.1, steps=5),))
    found = curve(suite, trained.images, trained.labels, [0.1, 0, 0.05, 0.9, 0.1])
    assert found.eps == (0, 0.05, 0.1, 0.9)
    shares = [share.value for share in found.accuracy]
    assert shares[0] == accuracy(trained.model, trained.images, trained.labels)
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > shares[1] > shares[2] > shares[3] == 0
    assert all(share.low <= share.value <= share.high for share in found.accuracy)


class GivesUp(FGSM):
    """Steps in small balls, and does nothing in large ones, where it ought to do better."""

    def perturb(self, problem):
        return super().perturb(problem) if problem.eps[0] < 0.12 else problem.inputs


def test_what_was_fooled_stays_fooled_in_every_larger_ball(trained):
    suite = Suite("fickle", (GivesUp(trained.model, eps=0.1),))
    found = curve(suite, trained.images, trained.labels, [0, 0.1, 0.2])
    alone = [suite.within(eps).run(trained.images, trained.labels).robust_accuracy.value for eps in (0, 0.1, 0.2)]
    assert alone[0] == alone[2] > alone[1]
    assert [share.value for share in found.accuracy] == [alone[0], alone[1], alone[1]]


def test_every_sample_has_the_radius_at_which_it_fell(trained):
    suite = Suite("fgsm", (FGSM(trained.model, eps=0.1),))
    found = curve(suite, trained.images, trained.labels, [0, 0.1, 0.2])
    right = trained.model(trained.images).argmax(1) == trained.labels
    near = suite.within(0.1).run(trained.images, trained.labels)
    assert torch.equal(found.smallest == 0, ~right)
    assert torch.equal(found.smallest.isclose(torch.tensor(0.1)), near.fooled_by >= 0)
    assert torch.equal(found.smallest.isinf(), found.smallest > 0.2 + 1e-6)
    assert found.smallest.isinf().sum() == round(found.accuracy[-1].value * 256)


def test_only_what_still_stands_is_attacked(trained):
    told = []
    suite = Suite("pgd", (PGD(trained.model, eps=0.1, steps=5),))
    found = curve(
        suite,
        trained.images,
        trained.labels,
        [0, 0.05, 0.1],
        on_start=lambda eps, name, count: told.append((eps, name, count)),
    )
    standing = [round(share.value * 256) for share in found.accuracy]
    assert told == [(0, "pgd", 0), (0.05, "pgd", standing[0]), (0.1, "pgd", standing[1])]


def test_plain_data_read_back_from_json(trained):
    found = curve(Suite("fgsm", (FGSM(trained.model, eps=0.1),)), trained.images, trained.labels, [0, 0.5])
    plain = json.loads(json.dumps(found.to_dict()))
    assert (plain["norm"], plain["eps"]) == ("linf", [0, 0.5])
    assert plain["accuracy"][1]["value"] == found.accuracy[1].value


def test_radii_that_cannot_be_are_refused(trained):
    suite = Suite("fgsm", (FGSM(trained.model, eps=0.1),))
    with pytest.raises(InputError, match="a curve needs at least one eps, got none"):
        curve(suite, trained.images, trained.labels, [])
    with pytest.raises(InputError, match=r"eps must be 0 or more, got -0\.1"):
        curve(suite, trained.images, trained.labels, [0.1, -0.1])
