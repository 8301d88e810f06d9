"""A small network that withstands small perturbations, for tests that compare how strong two attacks are."""

from __future__ import annotations

import functools

import torch
import torch.nn.functional as F
from tests.attacks.trained import Trained
from torch import nn

from burnish.attacks import PGD
from burnish.common.seeding import preserved_rng
from burnish.data import load


@functools.cache
def hardened_digits_network() -> Trained:
    """A convolutional network trained on PGD images of handwritten digits, and 64 images it never saw."""
    data = load("digits")
    images, labels = data.train.gather(torch.arange(len(data.train)))
    shown, truth = data.test.gather(torch.arange(64))
    with preserved_rng():
        torch.manual_seed(0)
        model = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, padding=1, stride=2),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(512, 10),
        )
        optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
        for _ in range(6):
            for part in torch.randperm(len(images)).split(64):
                harden = PGD(model, eps=0.15, steps=4, training=True, early_stop=False, skip_wrong=False)
                attacked = harden(images[part], labels[part])
                optimizer.zero_grad()
                F.cross_entropy(model(attacked), labels[part]).backward()
                optimizer.step()
    return Trained(model.eval(), shown, truth)
