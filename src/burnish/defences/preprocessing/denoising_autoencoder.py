"""A small convolutional network that takes noise away."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.defences.preprocessing.preprocessing import Preprocessing


class DenoisingAutoencoder(Preprocessing):
    """Replace images by what a network that learned to remove noise makes of them.

    Source: Vincent et al. 2008, "Extracting and Composing Robust Features with Denoising Autoencoders", ICML, section
    2.3; in front of a classifier it is the reformer of Meng and Chen 2017, "MagNet", arXiv:1705.09064. The code has
    half the resolution; the decoder gives a correction of the image instead of the image, so that detail survives.
    :func:`~burnish.defences.preprocessing.denoising.fit_denoiser` trains one; a new one changes images at random.

    Args:
        in_channels: of the images.
        width: channels at full resolution; twice as many in the code.

    Shape:
        input and output: ``(N, in_channels, H, W)``, floats in [0, 1], of any size.

    Raises:
        InputError: a number below 1, or a call gets anything but such images.

    >>> import torch
    >>> DenoisingAutoencoder(3)(torch.rand(2, 3, 9, 11)).shape
    torch.Size([2, 3, 9, 11])
    """

    def __init__(self, in_channels: int, width: int = 16) -> None:
        super().__init__()
        for name, number in (("in_channels", in_channels), ("width", width)):
            if number < 1:
                raise InputError(f"{name} must be at least 1, got {number}")
        self.encoder = nn.Sequential(
            nn.Conv2d(in_channels, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, 2 * width, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(2 * width, 2 * width, 3, padding=1),
            nn.ReLU(),
        )
        self.decoder = nn.Sequential(
            nn.Conv2d(2 * width, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, in_channels, 3, padding=1),
        )
        self.eval()

    def reconstruct(self, images: Tensor) -> Tensor:
        """The reconstruction before it is cut to [0, 1]: what training descends, as the cut has no gradient."""
        code = self.encoder(images)
        correction: Tensor = self.decoder(F.interpolate(code, size=images.shape[2:], mode="nearest"))
        return images + correction

    def process(self, images: Tensor) -> Tensor:
        """The reconstruction, in [0, 1]."""
        return self.reconstruct(images).clamp(0, 1)
