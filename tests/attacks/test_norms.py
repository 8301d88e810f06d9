"""Tests of burnish.attacks.norms."""

import pytest
import torch

from burnish.attacks.norms import check_norm, per_sample, project, random_point, size, steepest
from burnish.common.errors import InputError

NORMS = ["linf", "l2", "l1"]
ORDERS = {"linf": torch.inf, "l2": 2, "l1": 1}
DUALS = {"linf": 1, "l2": 2, "l1": torch.inf}


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("norm", NORMS)
def test_sizes_are_those_of_torch(norm):
    delta = drawn(6, 3, 4, 5)
    expected = torch.linalg.vector_norm(delta.flatten(1), ord=ORDERS[norm], dim=1)
    assert torch.allclose(size(delta, norm), expected)


@pytest.mark.parametrize("norm", NORMS)
def test_a_projection_is_within_the_radius_and_changes_nothing_inside_it(norm):
    delta = drawn(8, 30)
    eps = torch.linspace(0, 40, 8)
    made = project(delta, eps, norm)
    assert (size(made, norm) <= eps * (1 + 1e-5) + 1e-6).all()
    inside = size(delta, norm) <= eps
    assert inside.any()
    assert not inside.all()
    assert torch.allclose(made[inside], delta[inside])
    assert torch.allclose(size(made, norm)[~inside], eps[~inside], rtol=1e-4)
    assert torch.allclose(project(made, eps, norm), made, atol=1e-5)


@pytest.mark.parametrize("norm", NORMS)
def test_no_point_of_the_ball_is_nearer_than_the_projection(norm):
    delta, eps = drawn(1, 12), torch.tensor([0.7])
    nearest = project(delta, eps, norm)
    shrink = torch.rand(20_000, 1, generator=torch.Generator().manual_seed(1)) * 0.7
    points = random_point(torch.Size([20_000, 12]), norm, torch.Generator().manual_seed(2)) * 0.7
    on_sphere = points / size(points, norm)[:, None] * 0.7
    near_by = project(nearest + 0.1 * drawn(20_000, 12, seed=3) * shrink, eps.expand(20_000), norm)
    for others in (points, on_sphere, near_by):
        assert (others - delta).norm(dim=1).min() >= (nearest - delta).norm() - 1e-6


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_the_steepest_step_has_size_one_and_reaches_the_dual_norm(norm):
    gradient = drawn(5, 2, 7)
    step = steepest(gradient, norm)
    assert torch.allclose(size(step, norm), torch.ones(5))
    rise = (step * gradient).flatten(1).sum(dim=1)
    assert torch.allclose(rise, torch.linalg.vector_norm(gradient.flatten(1), ord=DUALS[norm], dim=1))


def test_the_steepest_step_in_l1_shares_size_one_among_the_largest_hundredth():
    gradient = drawn(4, 1, 20, 30)
    step = steepest(gradient, "l1").flatten(1)
    assert torch.allclose(step.abs().sum(dim=1), torch.ones(4))
    assert ((step != 0).sum(dim=1) == 6).all()
    flat = gradient.flatten(1)
    smallest_moved = torch.where(step != 0, flat.abs(), torch.inf).amin(dim=1)
    largest_left = torch.where(step == 0, flat.abs(), 0.0).amax(dim=1)
    assert (smallest_moved >= largest_left).all()
    assert torch.equal(step.sign()[step != 0], flat.sign()[step != 0])


@pytest.mark.parametrize("norm", NORMS)
def test_a_gradient_of_zero_gives_a_step_of_zero(norm):
    assert torch.equal(steepest(torch.zeros(2, 5), norm), torch.zeros(2, 5))


@pytest.mark.parametrize("norm", NORMS)
def test_random_points_lie_in_the_ball_and_fill_it_evenly(norm):
    count, dimension = 40_000, 4
    points = random_point(torch.Size([count, dimension]), norm, torch.Generator().manual_seed(0))
    radius = size(points, norm)
    assert (radius <= 1 + 1e-6).all()
    inner = (radius <= 0.8).double().mean()
    expected = 0.8**dimension  # volumes of balls
    assert inner == pytest.approx(expected, abs=4 * (expected * (1 - expected) / count) ** 0.5)
    error = points.std(dim=0) / count**0.5
    assert (points.mean(dim=0).abs() < 4.5 * error).all()
    spread = points.square().mean(dim=0)
    assert torch.allclose(spread, spread.mean().expand(dimension), rtol=0.06)  # no coordinate is preferred


@pytest.mark.parametrize("norm", NORMS)
def test_random_points_come_from_the_generator_alone(norm):
    state = torch.get_rng_state()
    first, second = (random_point(torch.Size([3, 5]), norm, torch.Generator().manual_seed(4)) for _ in range(2))
    assert torch.equal(first, second)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_number_a_sample_lines_up_with_its_sample():
    like = torch.zeros(3, 2, 2)
    assert torch.equal((like + per_sample(torch.arange(3.0), like))[:, 1, 1], torch.arange(3.0))


def test_the_name_of_no_norm_is_refused():
    with pytest.raises(InputError, match=r"unknown norm 'l0' \(did you mean 'l1'\?\)|unknown norm 'l0'"):
        check_norm("l0")
