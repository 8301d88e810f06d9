"""A small trained network and the images that it gets right, for tests that have to prove that an attack attacks."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from burnish.common.seeding import preserved_rng
from burnish.data import load


@dataclass(frozen=True)
class Trained:
    """A network in evaluation mode with test images ``(N, 1, 8, 8)`` in [0, 1] and their classes ``(N,)``."""

    model: nn.Module
    images: Tensor
    labels: Tensor


@functools.cache
def digits_network() -> Trained:
    """A convolutional network with BatchNorm that reads handwritten digits; above 95 % on 256 images it never saw."""
    data = load("digits")
    images, labels = data.train.gather(torch.arange(len(data.train)))
    shown, truth = data.test.gather(torch.arange(min(256, len(data.test))))
    with preserved_rng():
        torch.manual_seed(0)
        model = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, padding=1, stride=2),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(512, 10),
        )
        optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
        for _ in range(8):
            for part in torch.randperm(len(images)).split(64):
                optimizer.zero_grad()
                F.cross_entropy(model(images[part]), labels[part]).backward()
                optimizer.step()
    model.eval().requires_grad_(True)
    model.zero_grad(set_to_none=True)
    assert (model(shown).argmax(1) == truth).float().mean() > 0.95
    return Trained(model, shown, truth)


def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Share of the images that a model in evaluation mode gets right."""
    with torch.no_grad():
        return (model(images).argmax(dim=1) == labels).float().mean().item()
