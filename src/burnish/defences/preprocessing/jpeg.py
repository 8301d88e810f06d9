"""JPEG compression, computed on whole batches: what the eye does not see is thrown away, and attacks with it."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from burnish.common.errors import InputError
from burnish.defences.preprocessing.jpeg_arithmetic import (
    compressed_plane,
    doubled,
    from_luma_and_chroma,
    halved,
    quantisation,
    to_luma_and_chroma,
)
from burnish.defences.preprocessing.preprocessing import Preprocessing


class JPEG(Preprocessing):
    """Compress and decompress images as JPEG files do, without the files.

    Source: Dziugaite, Ghahramani and Roy 2016, "A study of the effect of JPG compression on adversarial images",
    arXiv:1608.00853; the arithmetic is that of ITU-T T.81 and of the IJG's library, whose files differ from this by
    single levels of rounding. Its own gradient is zero: an attacker who knows it goes straight through.

    Args:
        quality: 1 (coarse) to 100 (fine), on the scale of the IJG's library.
        halve_chroma: store colour at half the resolution (4:2:0), as most encoders do. Grey images have none.

    Shape:
        input and output: ``(N, C, H, W)``, floats in [0, 1]; C is 1 or 3. They are rounded to bytes first.

    Raises:
        InputError: ``quality`` is no whole number from 1 to 100, or a call gets anything but such images.

    >>> JPEG(75)(torch.full((1, 3, 8, 8), 0.4)).unique().tolist()
    [0.4000000059604645]
    """

    gradient_vanishes: ClassVar[bool] = True

    luma_steps: Tensor
    chroma_steps: Tensor

    def __init__(self, quality: int = 75, *, halve_chroma: bool = True) -> None:
        super().__init__()
        if isinstance(quality, bool) or not isinstance(quality, int) or not 1 <= quality <= 100:
            raise InputError(f"quality must be a whole number from 1 to 100, got {quality}: 75 is a common choice")
        self.quality = quality
        self.halve_chroma = halve_chroma
        luma_steps, chroma_steps = quantisation(quality)
        self.register_buffer("luma_steps", luma_steps, persistent=False)
        self.register_buffer("chroma_steps", chroma_steps, persistent=False)

    def process(self, images: Tensor) -> Tensor:
        """Bytes, blocks, quantised frequencies, and back."""
        if images.shape[1] not in (1, 3):
            raise InputError(
                f"JPEG needs grey (1 channel) or colour (3 channels) images, got {images.shape[1]} channels"
            )
        if images.numel() == 0:
            return images
        bytes_NCHW = (images.to(torch.promote_types(images.dtype, torch.float32)) * 255).round()
        if images.shape[1] == 1:
            decoded = compressed_plane(bytes_NCHW, self.luma_steps)
        else:
            luma, chroma = to_luma_and_chroma(bytes_NCHW)
            luma = compressed_plane(luma, self.luma_steps)
            if self.halve_chroma:
                chroma = doubled(compressed_plane(halved(chroma), self.chroma_steps), luma.shape[2:])
            else:
                chroma = compressed_plane(chroma, self.chroma_steps)
            decoded = from_luma_and_chroma(luma, chroma)
        return (decoded / 255).to(images.dtype)

    def extra_repr(self) -> str:
        return f"quality={self.quality}, halve_chroma={self.halve_chroma}"
