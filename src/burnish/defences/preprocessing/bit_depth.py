"""Fewer bits a pixel: small changes vanish in the rounding."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from burnish.common.errors import InputError
from burnish.defences.preprocessing.preprocessing import Preprocessing


class BitDepth(Preprocessing):
    """Round every pixel to one of ``2 ** bits`` evenly spaced values.

    Source: Xu, Evans and Qi 2018, "Feature Squeezing", NDSS, arXiv:1704.01155, section III-A. Its own gradient is zero:
    an attacker who knows it goes straight through.

    Args:
        bits: of each channel of a pixel, 1 to 8. With 8, images that came from bytes stay as they are.

    Shape:
        input and output: ``(N, C, H, W)``, floats in [0, 1].

    Raises:
        InputError: ``bits`` is no whole number from 1 to 8, or a call gets anything but such images.

    >>> import torch
    >>> BitDepth(1)(torch.tensor([[[[0.2, 0.6]]]])).tolist()
    [[[[0.0, 1.0]]]]
    """

    gradient_vanishes: ClassVar[bool] = True

    def __init__(self, bits: int) -> None:
        super().__init__()
        if isinstance(bits, bool) or not isinstance(bits, int) or not 1 <= bits <= 8:
            raise InputError(f"bits must be a whole number from 1 to 8, got {bits}: images of 8 bits lose nothing")
        self.bits = bits

    def process(self, images: Tensor) -> Tensor:
        """Multiply by ``2 ** bits - 1``, round, scale back."""
        steps = (1 << self.bits) - 1
        return (images * steps).round() / steps

    def extra_repr(self) -> str:
        return f"bits={self.bits}"
