"""Filters that are known beforehand and never learn: slopes, blurs, curvature."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from burnish.common.errors import InputError

Border = Literal["replicate", "reflect", "zeros", "valid"]


class FixedFilter2d(nn.Module):
    """Apply given filters to every channel by itself.

    The filters are a buffer, not a parameter, and stay out of the state dict. As in every convolution of torch they are
    not mirrored.

    Args:
        filters: one or more of them, ``(height, width)`` or ``(filters, height, width)``, of odd sides.
        border: what lies around the image: its border pixels again (``replicate``), its mirror image (``reflect``),
            ``zeros``, or nothing (``valid``), so that the output is smaller than the image.

    Shape:
        ``(B, C, H, W)`` to ``(B, C * filters, H, W)``; those of one channel follow each other.

    Raises:
        InputError: a filter of even sides, an unknown border, or images of whole numbers.

    >>> FixedFilter2d(torch.ones(3, 3))(torch.ones(1, 1, 2, 2)).flatten().tolist()
    [9.0, 9.0, 9.0, 9.0]
    """

    filters: Tensor

    def __init__(self, filters: Tensor | Sequence[Sequence[float]], border: Border = "replicate") -> None:
        super().__init__()
        found = torch.as_tensor(filters, dtype=torch.float32)
        found = found if found.ndim == 3 else found.unsqueeze(0)
        if found.ndim != 3 or any(side % 2 == 0 for side in found.shape[1:]):
            raise InputError(
                f"filters must be (height, width) or (filters, height, width), odd, got {tuple(found.shape)}"
            )
        if border not in ("replicate", "reflect", "zeros", "valid"):
            raise InputError(f"border must be replicate, reflect, zeros or valid, got '{border}'")
        self.border = border
        self.register_buffer("filters", found.clone(), persistent=False)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        if not x_BCHW.is_floating_point():
            raise InputError(f"filters need floating-point images, got {x_BCHW.dtype}: divide pixels by 255")
        height, width = self.filters.shape[1:]
        channels = x_BCHW.shape[1]
        if self.border != "valid":
            around = (width // 2, width // 2, height // 2, height // 2)
            x_BCHW = F.pad(x_BCHW, around, mode="constant" if self.border == "zeros" else self.border)
        weight = self.filters.to(x_BCHW.dtype).unsqueeze(1).repeat(channels, 1, 1, 1)
        return F.conv2d(x_BCHW, weight, groups=channels)

    def extra_repr(self) -> str:
        return f"filters={tuple(self.filters.shape)}, border='{self.border}'"


def sobel(kernel_size: int = 3, border: Border = "replicate") -> FixedFilter2d:
    """Slopes to the right and downwards, in brightness a pixel: two maps for every channel, in this order.

    Source: Sobel and Feldman 1968, "An isotropic 3x3 image gradient operator". Changed: divided by the sum of its
    weights (8 for a kernel of 3), so that a ramp gives its slope; larger kernels smooth more, binomially.

    Args:
        kernel_size: 3, 5, 7 ...
        border: see :class:`FixedFilter2d`.

    >>> ramp = torch.arange(5.0).repeat(1, 1, 5, 1) * 3
    >>> sobel()(ramp)[0, :, 2, 2].tolist()
    [3.0, 0.0]
    """
    if kernel_size < 3 or kernel_size % 2 == 0:
        raise InputError(f"kernel_size of sobel must be odd and at least 3, got {kernel_size}")
    smooth = _binomial(kernel_size)
    shorter = F.pad(_binomial(kernel_size - 2), (2, 2))
    slope = (shorter[:-2] - shorter[2:]) / 2  # the central difference of a shorter smoothing
    right = torch.outer(smooth, slope)
    return FixedFilter2d(torch.stack((right, right.mT)).float(), border)


def gaussian(sigma: float, kernel_size: int | None = None, border: Border = "replicate") -> nn.Sequential:
    """Blur: a weighted mean of the neighbourhood, by rows and then by columns.

    Args:
        sigma: standard deviation of the weights, in pixels.
        kernel_size: odd; by default it reaches three standard deviations to each side.
        border: see :class:`FixedFilter2d`.

    Raises:
        InputError: a number out of range.

    >>> gaussian(1.0)(torch.ones(1, 3, 4, 4)).shape
    torch.Size([1, 3, 4, 4])
    """
    if not (sigma > 0 and math.isfinite(sigma)):
        raise InputError(f"sigma must be a positive number of pixels, got {sigma}")
    if kernel_size is None:
        kernel_size = 2 * math.ceil(3 * sigma) + 1
    if kernel_size < 1 or kernel_size % 2 == 0:
        raise InputError(f"kernel_size of gaussian must be odd and at least 1, got {kernel_size}")
    distance = torch.arange(kernel_size, dtype=torch.float64) - kernel_size // 2
    weights = torch.exp(-0.5 * (distance / sigma) ** 2)
    weights = (weights / weights.sum()).float()
    return nn.Sequential(FixedFilter2d(weights.view(1, -1), border), FixedFilter2d(weights.view(-1, 1), border))


def laplacian(
    sigma: float | None = None, kernel_size: int | None = None, border: Border = "replicate"
) -> nn.Sequential:
    """Curvature: the sum of both second differences, after a blur if ``sigma`` is given (Marr and Hildreth 1980).

    Args:
        sigma: of the blur, see :func:`gaussian`.
        kernel_size: of the blur.
        border: see :class:`FixedFilter2d`.

    Raises:
        InputError: a number out of range, or a kernel size without a sigma.

    >>> bowl = torch.arange(5.0).square().repeat(1, 1, 5, 1)
    >>> laplacian()(bowl)[0, 0, 2, 2].item()
    2.0
    """
    if sigma is None and kernel_size is not None:
        raise InputError("kernel_size of laplacian is that of its blur: give sigma too")
    curvature = FixedFilter2d([[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]], border)
    return (
        nn.Sequential(curvature) if sigma is None else nn.Sequential(*gaussian(sigma, kernel_size, border), curvature)
    )


def _binomial(size: int) -> Tensor:
    weights = torch.tensor([float(math.comb(size - 1, i)) for i in range(size)], dtype=torch.float64)
    return weights / weights.sum()
