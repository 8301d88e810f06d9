"""Tests of burnish.attacks.black_box.boundary."""

import math

import pytest
import torch

from burnish.attacks.black_box.boundary import bisection_steps, boundary_direction, random_images, to_boundary
from burnish.attacks.goal import Misclassify
from burnish.attacks.norms import size
from burnish.attacks.problem import Problem, Spent
from burnish.common.seeding import generator

COUNT, WIDTH = 16, 12
NORMAL = torch.linspace(-1, 2, WIDTH)


def two_sides(inputs):
    """Two classes on the two sides of a plane."""
    above = inputs.flatten(1) @ NORMAL - 0.5 * NORMAL.sum() - 0.3
    return torch.stack([-above, above], dim=1)


def problem(norm, low=0.0, high=1.0, inputs=None):
    inputs = torch.full((COUNT, WIDTH), 0.5) if inputs is None else inputs
    none = torch.zeros(COUNT, dtype=torch.int64)
    return Problem(
        model=two_sides,
        goal=Misclassify(),
        norm=norm,
        inputs=inputs,
        labels=none.clone(),
        eps=torch.full((COUNT,), math.inf),
        low=torch.tensor(low),
        high=torch.tensor(high),
        rows=torch.arange(COUNT),
        total=COUNT,
        generator=generator(0, "test"),
        spent=Spent(none.clone(), none.clone()),
    )


@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_bisection_ends_wrong_and_as_near_as_its_precision(norm):
    at = problem(norm)
    fooled = (NORMAL > 0).float().expand(COUNT, WIDTH)
    near = to_boundary(at, fooled)
    assert at.fooled(at.model(near)).all()
    assert (at.spent.queries == bisection_steps(at)).all()
    whole, left = size(fooled - at.inputs, norm)[0], size(near - at.inputs, norm)[0]
    assert 0 < left < 0.5 * whole
    finest = 1.01 * whole * 2.0 ** -bisection_steps(at)
    assert not at.fooled(at.model(at.inputs + (near - at.inputs) * (1 - finest / left))).any()


@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_the_direction_is_that_of_the_gradient(norm):
    at = problem(norm, low=-10.0, high=10.0)
    standing = at.inputs + 0.3 * NORMAL / NORMAL.square().sum()  # on the plane itself
    counts, reach = torch.full((COUNT,), 400), torch.full((COUNT,), 0.1)
    direction = boundary_direction(at, standing, reach, counts, batch_size=100, turn=1)
    assert (at.spent.queries == 400).all()
    if norm == "l2":
        cosine = direction @ NORMAL / NORMAL.norm()
        along = math.gamma(WIDTH / 2) / math.sqrt(math.pi) / math.gamma((WIDTH + 1) / 2)  # E|u_1| on the sphere
        across = (WIDTH - 1) / WIDTH / 400  # variance of the mean of 400 in the other dimensions
        assert cosine.mean() == pytest.approx(along / math.sqrt(along**2 + across), abs=4 * 0.0085 / COUNT**0.5)
    else:
        clear = NORMAL.abs() > 0.9  # four standard errors of their estimates
        assert torch.equal(direction[:, clear], NORMAL[clear].sign().expand(COUNT, -1))


def test_a_direction_depends_neither_on_who_else_is_left_nor_on_the_size_of_batches():
    at = problem("l2")
    counts, reach = torch.arange(10, 10 + COUNT), torch.full((COUNT,), 0.1)
    start = at.inputs + 0.02
    whole = boundary_direction(at, start, reach, counts, batch_size=1000, turn=3)
    kept = torch.tensor([2, 5, 11])
    part = boundary_direction(at.part(kept), start[kept], reach[kept], counts[kept], batch_size=4, turn=3)
    assert torch.allclose(part, whole[kept], atol=1e-6)
    other = boundary_direction(at, start, reach, counts, batch_size=1000, turn=4)
    assert not torch.allclose(other, whole, atol=0.1)


def test_random_images_fill_the_bounds_in_grains_of_growing_size():
    at = problem("l2", low=-1.0, high=3.0, inputs=torch.zeros(COUNT, 1, 9, 9))
    fine, coarse = random_images(at, 0), random_images(at, 3)
    for images in (fine, coarse):
        assert images.shape == at.inputs.shape
        assert images.min() >= -1
        assert images.max() <= 3
    assert len(fine[0].unique()) == 81
    assert len(coarse[0].unique()) == 4
    assert fine.mean() == pytest.approx(1.0, abs=4 * 4 / 12**0.5 / (81 * COUNT) ** 0.5)  # 4 standard errors
