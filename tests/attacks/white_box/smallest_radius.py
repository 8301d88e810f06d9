"""The smallest radius in which projected gradient ascent fools each digit, to hold smaller perturbations against."""

from __future__ import annotations

import functools

import torch
from tests.attacks.trained import Trained, digits_network
from torch import Tensor

from burnish.attacks import PGD


@functools.cache
def right_digits(count: int = 48) -> Trained:
    """The trained network with images that it reads correctly."""
    trained = digits_network()
    with torch.no_grad():
        right = trained.model(trained.images).argmax(dim=1) == trained.labels
    return Trained(trained.model, trained.images[right][:count], trained.labels[right][:count])


@functools.cache
def pgd_radius(norm: str) -> Tensor:
    """Radii ``(N,)`` that PGD with 30 steps needs, by bisection to a 64th of the range."""
    digits = right_digits()
    low = torch.zeros(len(digits.images))
    high = torch.full_like(low, {"linf": 0.5, "l2": 3.0, "l1": 12.0}[norm])
    for _ in range(7):
        middle = (low + high) / 2
        attack = PGD(digits.model, eps=middle, norm=norm, steps=30, random_start=False)
        fooled = attack.run(digits.images, digits.labels).success
        low, high = torch.where(fooled, low, middle), torch.where(fooled, middle, high)
    return high
