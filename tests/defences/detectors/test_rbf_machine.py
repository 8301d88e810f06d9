"""Tests of burnish.defences.detectors.rbf_machine."""

import numpy as np
import pytest
import torch

from burnish.common.errors import InputError
from burnish.common.seeding import generator
from burnish.defences.detectors.rbf_machine import RbfMachine


def two_kinds(count=150, width=40):
    draw = generator(0, "codes")
    natural = torch.randint(0, 4, (count, width), generator=draw).float()
    attacked = (torch.randint(0, 4, (count // 2, width), generator=draw) + 1).clamp(max=3).float()
    return natural, attacked


@pytest.mark.parametrize("penalty", [0.1, 1.0, 1000.0])
@pytest.mark.parametrize("gamma", [None, 0.01, 1.0])
def test_the_decision_is_that_of_scikit_learn(penalty, gamma):
    natural, attacked = two_kinds()
    machine = RbfMachine(natural, attacked, penalty, gamma)
    fresh = torch.randint(0, 4, (60, 40), generator=generator(1)).float()
    codes = torch.cat([natural, attacked, fresh])
    theirs = machine.machine.decision_function(codes.double().numpy())
    assert np.ptp(theirs) > 1e-3
    np.testing.assert_allclose(machine(codes).numpy(), theirs, atol=1e-4)


def test_the_width_left_out_is_that_of_scikit_learn():
    from sklearn.svm import SVC

    natural, attacked = two_kinds()
    codes = torch.cat([natural, attacked]).double().numpy()
    kinds = np.repeat([0, 1], [len(natural), len(attacked)])
    theirs = SVC(gamma="scale", class_weight="balanced").fit(codes, kinds).decision_function(codes)
    ours = RbfMachine(natural, attacked)(torch.from_numpy(codes).float())
    np.testing.assert_allclose(ours.numpy(), theirs, atol=1e-4)


def test_attacked_codes_are_on_the_positive_side():
    natural, attacked = two_kinds()
    machine = RbfMachine(natural, attacked)
    assert (machine(natural) < 0).double().mean() > 0.9
    assert (machine(attacked) > 0).double().mean() > 0.9


def test_the_gradient_is_that_of_finite_differences():
    natural, attacked = two_kinds(40, 6)
    machine = RbfMachine(natural, attacked)
    at = torch.rand(3, 6, dtype=torch.float64, generator=generator(2)).mul(3).requires_grad_()
    assert torch.autograd.gradcheck(machine, (at,))


@pytest.mark.parametrize(("options", "name"), [({"penalty": 0.0}, "penalty"), ({"gamma": -1.0}, "gamma")])
def test_options_that_are_not_positive_are_named(options, name):
    with pytest.raises(InputError, match=f"{name} must be positive"):
        RbfMachine(*two_kinds(), **options)


def test_codes_that_are_all_the_same_are_refused():
    with pytest.raises(InputError, match="all codes are the same"):
        RbfMachine(torch.ones(5, 2), torch.ones(5, 2))
