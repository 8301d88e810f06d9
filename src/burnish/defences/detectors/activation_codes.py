"""Activations as a few levels each: which units are on, and how far."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError


class ActivationCodes(nn.Module):
    """Turn activations into whole levels, with the gradient of a soft staircase.

    Source: Lu, Issaranon and Forsyth 2017, "SafetyNet: Detecting and Rejecting Adversarial Examples Robustly",
    arXiv:1704.00103, section 3 (codes of two or four levels). The lowest step is at 0, off or on; the others split the
    positive activations of each unit on clean samples into equal shares. Going back, every step is a sigmoid, which is
    how an attacker who knows the detector gets a gradient.

    Args:
        activations: of clean samples ``(N, D)``.
        levels: values that a code can take, from 2 on.

    Shape:
        input and output: ``(N, D)``; the output holds whole numbers from 0 to ``levels - 1``.

    Raises:
        InputError: fewer than 2 levels, or no activation is ever positive.

    >>> codes = ActivationCodes(torch.tensor([[1.0], [2.0], [3.0], [4.0]]), levels=3)
    >>> codes(torch.tensor([[-1.0], [0.5], [9.0]])).flatten().tolist()
    [0.0, 1.0, 2.0]
    """

    thresholds: Tensor
    softness: Tensor

    def __init__(self, activations: Tensor, levels: int = 4) -> None:
        super().__init__()
        if isinstance(levels, bool) or not isinstance(levels, int) or levels < 2:
            raise InputError(f"levels must be a whole number from 2 on, got {levels}: 2 is off and on")
        positive = activations.clamp(min=0)
        if not bool((positive > 0).any()):
            raise InputError("no activation of the chosen layers is ever positive on the clean samples: name others")
        ascending = positive.sort(dim=0).values
        on = (ascending > 0).sum(dim=0)
        steps = [torch.zeros_like(ascending[0])]
        for step in range(1, levels - 1):
            place = len(ascending) - on + step * on // (levels - 1)
            steps.append(ascending.gather(0, place.clamp(max=len(ascending) - 1)[None])[0])
        self.register_buffer("thresholds", torch.stack(steps))
        # A quarter of a unit's usual activation blurs neighbouring steps into one slope without losing them. A unit
        # that is off on all clean samples takes the layer's usual activation.
        usual = positive.sum(dim=0) / on.clamp(min=1)
        usual = torch.where(on > 0, usual, positive.sum() / on.sum())
        self.register_buffer("softness", usual / 4)

    def forward(self, activations: Tensor) -> Tensor:
        thresholds_LD, softness_D = self.thresholds, self.softness
        above_NLD = activations[:, None] - thresholds_LD
        codes = (above_NLD > 0).sum(dim=1).to(activations.dtype)
        if not activations.requires_grad:
            return codes
        soft = (above_NLD / softness_D).sigmoid().sum(dim=1)
        return codes + (soft - soft.detach())  # adds exactly 0, with the gradient of the sigmoids
