"""Tests of burnish.defences.detectors.activation_codes."""

import pytest
import torch

from burnish.common.errors import InputError
from burnish.common.seeding import generator
from burnish.defences.detectors.activation_codes import ActivationCodes


def drawn(*shape):
    return torch.randn(*shape, generator=generator(0, "activations"))


def test_two_levels_are_off_and_on():
    activations = drawn(50, 6)
    assert torch.equal(ActivationCodes(activations, levels=2)(activations), (activations > 0).float())


@pytest.mark.parametrize("levels", [3, 4, 6])
def test_levels_share_the_positive_activations_of_every_unit_equally(levels):
    activations = drawn(600, 5)
    codes = ActivationCodes(activations, levels)(activations)
    assert torch.equal(codes == 0, activations <= 0)
    for unit in codes.T:
        counts = torch.bincount(unit.long(), minlength=levels)[1:]
        assert len(counts) == levels - 1
        assert counts.max() - counts.min() <= 2


def test_more_activation_never_gives_a_lower_level():
    codes = ActivationCodes(drawn(40, 3))
    rising = torch.linspace(-2, 4, 200)[:, None].expand(200, 3)
    assert (codes(rising).diff(dim=0) >= 0).all()
    assert codes(rising)[-1].tolist() == [3, 3, 3]


def test_a_unit_that_was_never_on_jumps_to_the_top():
    activations = torch.stack([drawn(20).abs() + 1, -drawn(20).abs()], dim=1)
    assert ActivationCodes(activations)(torch.tensor([[0.5, 0.5]])).tolist() == [[1.0, 3.0]]


def test_the_gradient_is_that_of_a_soft_staircase_and_the_value_is_not():
    clean = drawn(30, 4)
    codes = ActivationCodes(clean)
    at = drawn(7, 4).requires_grad_()
    hard = codes(at)
    assert torch.equal(hard, codes(at.detach()))
    (gradient,) = torch.autograd.grad(hard.sum(), at)
    soft = ((at[:, None] - codes.thresholds) / codes.softness).sigmoid()
    expected = (soft * (1 - soft) / codes.softness).sum(dim=1)
    torch.testing.assert_close(gradient, expected)
    assert (gradient > 0).any(dim=0).all()


@pytest.mark.parametrize("levels", [1, 0, True, 2.5])
def test_levels_outside_their_range_are_named(levels):
    with pytest.raises(InputError, match=f"levels must be a whole number from 2 on, got {levels}"):
        ActivationCodes(drawn(5, 2), levels)


def test_layers_that_are_never_on_are_refused():
    with pytest.raises(InputError, match="no activation of the chosen layers is ever positive"):
        ActivationCodes(-drawn(5, 2).abs())
