"""A gradient for what has none: the change going forward, the identity going back."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError


class StraightThrough(nn.Module):
    """Change images as a module does, and pass gradients as if it did nothing.

    Source: Athalye, Carlini and Wagner 2018, "Obfuscated Gradients Give a False Sense of Security", arXiv:1802.00420,
    section 4.1 (backward pass differentiable approximation with ``g(x) = x``). It fits any change that stays near its
    input, random or flat ones too.

    Args:
        change: any module that returns a tensor of the shape it gets.

    Raises:
        InputError: from a call, when the shape changes.

    >>> from burnish.defences.preprocessing.bit_depth import BitDepth
    >>> images = torch.full((1, 1, 1, 1), 0.7, requires_grad=True)
    >>> changed = StraightThrough(BitDepth(1))(images)
    >>> changed.item(), torch.autograd.grad(changed.sum(), images)[0].item()
    (1.0, 1.0)
    """

    def __init__(self, change: nn.Module) -> None:
        super().__init__()
        self.change = change
        self.training = change.training

    def forward(self, images: Tensor) -> Tensor:
        return straight_through(self.change, images)


def straight_through(change: nn.Module, images: Tensor) -> Tensor:
    """One call of :class:`StraightThrough`: what ``change`` makes of images, with the gradient of the identity."""
    with torch.no_grad():
        changed: Tensor = change(images)
    if changed.shape != images.shape:
        raise InputError(
            f"{type(change).__name__} turns images {tuple(images.shape)} into {tuple(changed.shape)}: "
            "gradients go straight through only what keeps the shape"
        )
    return changed + (images - images.detach())  # adds exactly 0, with gradient 1
