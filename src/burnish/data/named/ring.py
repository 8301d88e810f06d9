"""Eight Gaussians on a circle: the small set on which generative models show whether they find every mode."""

from __future__ import annotations

import math

import torch

from burnish.common.seeding import generator
from burnish.data.source import Source, TensorSource


def ring_of_gaussians(count: int, seed: int, *, modes: int = 8, radius: float = 2.0, std: float = 0.1) -> Source:
    """Points ``(count, 2)`` around ``modes`` centres on a circle; without targets.

    Source: Metz et al. 2017, "Unrolled generative adversarial networks", arXiv:1611.02163, section 3.1, who use std
    0.02; 0.1 keeps the modes apart and lets their width be seen in a plot.

    >>> ring_of_gaussians(3, seed=0).gather(torch.tensor([0, 1]))[0].shape
    torch.Size([2, 2])
    """
    rng = generator(seed, "ring")
    angle = torch.randint(modes, (count,), generator=rng) * (2 * math.pi / modes)
    centres = radius * torch.stack([angle.cos(), angle.sin()], dim=1)
    return TensorSource(centres + std * torch.randn(count, 2, generator=rng))
