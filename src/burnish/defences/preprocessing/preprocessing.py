"""What every preprocessing has in common: images in [0, 1] go in, images in [0, 1] of the same shape come out."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn

from burnish.common.errors import InputError


class Preprocessing(nn.Module):
    """A change of images that is to remove an attack before the model sees it. A subclass gives :meth:`process`.

    It starts in evaluation mode: a fixed change has nothing to train, and attacks refuse models that are in training.

    Class attributes:
        gradient_vanishes: True where the change is flat almost everywhere, so that its own gradient is zero and an
            attacker needs :class:`~burnish.defences.preprocessing.straight_through.StraightThrough`.

    Shape:
        input and output: ``(N, C, H, W)``, floats in [0, 1].

    Raises:
        InputError: from a call, on anything but such images.
    """

    gradient_vanishes: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__()
        self.training = False

    def forward(self, images: Tensor) -> Tensor:
        check_images(images, type(self).__name__)
        return self.process(images)

    def process(self, images: Tensor) -> Tensor:
        """The change itself, on images that were checked."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it changes")


def check_images(images: Tensor, user: str) -> None:
    """Say clearly what is wrong with images that ``user`` cannot take.

    Raises:
        InputError: not floats, not ``(N, C, H, W)``, or outside [0, 1] (NaN included).

    >>> import torch
    >>> check_images(torch.zeros(1, 3, 2, 2), "BitDepth")
    """
    if not images.is_floating_point():
        raise InputError(
            f"{user} needs float images in [0, 1], got {str(images.dtype).removeprefix('torch.')}: "
            "divide bytes by 255 first"
        )
    if images.ndim != 4:
        raise InputError(f"{user} needs images (N, C, H, W), got shape {tuple(images.shape)}")
    if images.numel() == 0:
        return
    low, high = (bound.item() for bound in images.detach().aminmax())
    if not (low >= 0 and high <= 1):
        raise InputError(
            f"{user} needs pixels in [0, 1], got values from {low:.4g} to {high:.4g}: "
            "put it in front of the normalisation, and divide pixels of 0 to 255 by 255"
        )
