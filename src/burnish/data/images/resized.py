"""Images in memory at another size than they are stored in."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from burnish.common.errors import InputError
from burnish.data.source import Source


class ResizedSource(Source):
    """Images of another source, resized batch by batch, so that memory holds the small ones alone.

    Bilinear, with the low-pass filter that shrinking needs (``antialias``). Squares stay squares; other shapes are
    stretched.

    Args:
        source: gives images ``(batch, C, H, W)`` in [0, 1].
        side: height and width that come out.

    Raises:
        InputError: the side is not positive.

    >>> from burnish.data.source import TensorSource
    >>> ResizedSource(TensorSource(torch.ones(2, 1, 8, 8)), 16).gather(torch.tensor([0]))[0].shape
    torch.Size([1, 1, 16, 16])
    """

    def __init__(self, source: Source, side: int) -> None:
        if side < 1:
            raise InputError(f"input_size must be at least 1, got {side}")
        self.source = source
        self.side = side
        self.in_memory = source.in_memory

    def __len__(self) -> int:
        return len(self.source)

    def gather(self, index: Tensor) -> tuple[Any, Any]:
        images, targets = self.source.gather(index)
        size = (self.side, self.side)
        resized = F.interpolate(images, size, mode="bilinear", align_corners=False, antialias=True).clamp_(0, 1)
        return resized, targets

    def labels(self) -> Tensor | None:
        return self.source.labels()

    def to(self, device: torch.device) -> Source:
        return ResizedSource(self.source.to(device), self.side)

    def describe(self, index: int) -> str:
        return self.source.describe(index)
