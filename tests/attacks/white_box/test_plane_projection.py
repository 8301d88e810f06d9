"""Tests of burnish.attacks.white_box.plane_projection."""

import pytest
import torch

from burnish.attacks.norms import size
from burnish.attacks.white_box.plane_projection import onto_plane

ZERO, ONE = torch.zeros((), dtype=torch.float64), torch.ones((), dtype=torch.float64)
FREE = torch.tensor(torch.inf, dtype=torch.float64)
NORMS = ["l2", "linf", "l1"]
DUAL = {"l2": "l2", "linf": "l1", "l1": "linf"}


def problem(samples=40, size=9):
    generator = torch.Generator().manual_seed(0)
    start = torch.rand(samples, size, generator=generator, dtype=torch.float64)
    start[:, ::3] = start[:, ::3].round()
    gradient = torch.randn(samples, size, generator=generator, dtype=torch.float64)
    gradient[::2, 1] = 0
    most = (gradient.abs() * torch.where(gradient > 0, 1 - start, start)).sum(dim=1)
    gain = most * torch.rand(samples, generator=generator, dtype=torch.float64)
    return start, gradient, gain


@pytest.mark.parametrize("norm", NORMS)
def test_the_gain_is_reached_within_the_bounds(norm):
    start, gradient, gain = problem()
    change = onto_plane(start, gradient, gain, ZERO, ONE, norm)
    assert torch.allclose((change * gradient).sum(dim=1), gain, atol=1e-12)
    assert (start + change).min() >= 0
    assert (start + change).max() <= 1


@pytest.mark.parametrize("norm", NORMS)
def test_a_negative_gain_is_the_same_the_other_way(norm):
    start, gradient, gain = problem()
    assert torch.equal(
        onto_plane(start, -gradient, -gain, ZERO, ONE, norm), onto_plane(start, gradient, gain, ZERO, ONE, norm)
    )


@pytest.mark.parametrize("norm", NORMS)
def test_without_bounds_it_is_the_closed_form(norm):
    start, gradient, gain = problem()
    change = onto_plane(start, gradient, gain, -FREE, FREE, norm)
    assert torch.allclose(size(change, norm), gain / size(gradient, DUAL[norm]), rtol=1e-12)
    assert torch.allclose((change * gradient).sum(dim=1), gain, atol=1e-12)


@pytest.mark.parametrize("norm", ["linf", "l1"])
def test_no_change_is_smaller_by_linear_programming(norm):
    import numpy as np
    from scipy.optimize import linprog

    start, gradient, gain = problem()
    found = size(onto_plane(start, gradient, gain, ZERO, ONE, norm), norm)
    d = start.shape[1]
    for x, g, c, reached in zip(start.numpy(), gradient.numpy(), gain.tolist(), found.tolist(), strict=True):
        extra = 1 if norm == "linf" else d  # the largest change, or the size of every one
        cost = np.concatenate([np.zeros(d), np.ones(extra)])
        spread = np.ones((d, 1)) if norm == "linf" else np.eye(d)
        limits = np.block([[np.eye(d), -spread], [-np.eye(d), -spread]])
        boxes = [*zip(-x, 1 - x, strict=True), *[(0, None)] * extra]
        best = linprog(cost, limits, np.zeros(2 * d), [np.concatenate([g, np.zeros(extra)])], [c], boxes)
        assert reached == pytest.approx(best.fun, abs=1e-9)


def test_no_change_is_smaller_in_l2_by_its_optimality_conditions():
    start, gradient, gain = problem()
    change = onto_plane(start, gradient, gain, ZERO, ONE, "l2")
    end = start + change
    free = (end > 1e-12) & (end < 1 - 1e-12) & (gradient != 0)
    pace = change / torch.where(gradient == 0, 1, gradient)  # a convex problem: free coordinates share one multiplier
    multiplier = torch.where(free, pace, -torch.inf).amax(dim=1)
    known = free.any(dim=1)
    assert known.sum() > 30
    assert torch.allclose(torch.where(free, pace, torch.inf).amin(dim=1)[known], multiplier[known], atol=1e-12)
    stopped = ~free & (gradient != 0) & known[:, None]
    assert (pace[stopped] <= multiplier[:, None].expand_as(pace)[stopped] + 1e-12).all()
    assert (change[gradient == 0] == 0).all()


@pytest.mark.parametrize("norm", NORMS)
def test_a_box_that_is_too_small_is_used_to_its_corner(norm):
    start, gradient, _ = problem()
    end = start + onto_plane(start, gradient, torch.full((40,), 1e6, dtype=torch.float64), ZERO, ONE, norm)
    corner = torch.where(gradient > 0, 1.0, torch.where(gradient < 0, 0.0, start))
    assert torch.allclose(end, corner, atol=1e-15)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("bounds", [(ZERO, ONE), (-FREE, FREE)])
def test_nothing_moves_where_nothing_helps_or_is_needed(norm, bounds):
    start, gradient, gain = problem()
    assert not onto_plane(start, gradient * 0, gain, *bounds, norm).any()
    assert not onto_plane(start, gradient, gain * 0, *bounds, norm).any()


def test_bounds_of_a_coordinate_that_are_equal_keep_it():
    start, gradient, gain = problem()
    low, high = torch.zeros(9, dtype=torch.float64), torch.ones(9, dtype=torch.float64)
    start[:, 2] = low[2] = high[2] = 0.5
    assert not onto_plane(start, gradient, gain, low, high, "linf")[:, 2].any()


def test_images_keep_their_shape_and_type():
    start = torch.rand(2, 3, 4, 4)
    change = onto_plane(start, torch.randn(2, 3, 4, 4), torch.ones(2), ZERO.float(), ONE.float(), "linf")
    assert (change.shape, change.dtype) == (start.shape, start.dtype)
