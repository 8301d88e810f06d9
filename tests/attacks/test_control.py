"""Tests of burnish.attacks.control."""

import pytest
import torch

from burnish.attacks.control import noise_of_equal_size
from burnish.attacks.norms import size


def images():
    """Images of which many pixels stand at a bound, as those of handwriting do."""
    return (torch.rand(40, 1, 8, 8, generator=torch.Generator().manual_seed(99)) * 2 - 1).clamp(min=0)


def noisy(norm, wanted, seed=0):
    shape = torch.zeros(40, 64)
    shape[:, 0] = wanted
    inputs = images()
    attacked = inputs + shape.view_as(inputs)
    return inputs, noise_of_equal_size(inputs, attacked, norm, (0.0, 1.0), torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("norm", "largest"), [("linf", 0.3), ("l2", 1.0), ("l1", 5.0)])
def test_noise_is_as_large_as_the_perturbation_of_each_sample_within_the_bounds(norm, largest):
    wanted = torch.linspace(0, largest, 40)
    inputs, found = noisy(norm, wanted)
    assert found.min() >= 0
    assert found.max() <= 1
    assert torch.allclose(size(found - inputs, norm), wanted, rtol=0.01, atol=1e-6)
    assert (size(found - inputs, norm) <= wanted + 1e-5).all()


@pytest.mark.parametrize("norm", ["linf", "l2", "l1"])
def test_noise_is_spread_over_all_pixels_that_can_move_and_differs_from_seed_to_seed(norm):
    inputs, found = noisy(norm, torch.full((40,), 0.2))
    moved = (found != inputs).float().mean()
    assert moved > 0.7 if norm != "linf" else moved > 0.6
    assert not torch.equal(found, noisy(norm, torch.full((40,), 0.2), seed=1)[1])


def test_noise_in_linf_moves_inner_pixels_by_the_full_size_up_or_down():
    inputs, found = noisy("linf", torch.full((40,), 0.1))
    inner = (inputs > 0.1) & (inputs < 0.9)
    change = (found - inputs)[inner]
    assert torch.allclose(change.abs(), torch.tensor(0.1), atol=1e-6)
    assert change.sign().mean().abs() < 4 / len(change) ** 0.5  # 4 standard errors
