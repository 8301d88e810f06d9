"""Tests of burnish.data.named.ring."""

import math

import torch

from burnish.data.named.ring import ring_of_gaussians


def test_points_lie_around_eight_centres_in_equal_shares():
    points, _ = ring_of_gaussians(8000, seed=0).gather(torch.arange(8000))
    angle = torch.arange(8) * (2 * math.pi / 8)
    centres = 2 * torch.stack([angle.cos(), angle.sin()], 1)
    distance, mode = torch.cdist(points, centres).min(1)
    spread = distance.square().mean().div(2).sqrt().item()
    assert abs(spread - 0.1) < 4 * 0.1 / math.sqrt(2 * 2 * 8000)  # 4 standard errors
    assert torch.bincount(mode, minlength=8).min() > 1000 - 4 * math.sqrt(1000)


def test_the_seed_decides():
    one, same, other = (ring_of_gaussians(5, seed=seed).inputs for seed in (0, 0, 1))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
