"""The steps of JPEG on planes of byte values ``(N, C, H, W)`` that are held as floats."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

# ITU-T T.81, Annex K, tables K.1 (luminance) and K.2 (chrominance): row by row of vertical frequency.
_LUMA = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
_CHROMA = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    (99, 99, 99, 99, 99, 99, 99, 99),
    (99, 99, 99, 99, 99, 99, 99, 99),
    (99, 99, 99, 99, 99, 99, 99, 99),
    (99, 99, 99, 99, 99, 99, 99, 99),
)
_SIDE = 8


def quantisation(quality: int) -> tuple[Tensor, Tensor]:
    """Step of each of the 64 frequencies, ``(8, 8)`` for luma and for chroma.

    Source: the IJG's scale: the tables of Annex K at quality 50, half as coarse at 75, whole numbers from 1 to 255.

    >>> quantisation(50)[0][0, :3].tolist(), quantisation(100)[1].unique().tolist()
    ([16.0, 11.0, 10.0], [1.0])
    """
    percent = 5000 // quality if quality < 50 else 200 - 2 * quality
    luma, chroma = (((torch.tensor(table) * percent + 50) // 100).clamp(1, 255).float() for table in (_LUMA, _CHROMA))
    return luma, chroma


def to_luma_and_chroma(colour_N3HW: Tensor) -> tuple[Tensor, Tensor]:
    """Red, green and blue as luma ``(N, 1, H, W)`` and chroma ``(N, 2, H, W)``, rounded (ITU-T T.871, section 7)."""
    red, green, blue = colour_N3HW.split(1, dim=1)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    chroma = torch.cat([(blue - luma) / 1.772, (red - luma) / 1.402], dim=1) + 128
    return luma.round(), chroma.round().clamp(0, 255)


def from_luma_and_chroma(luma_N1HW: Tensor, chroma_N2HW: Tensor) -> Tensor:
    """The inverse of :func:`to_luma_and_chroma`, cut to bytes, ``(N, 3, H, W)``."""
    blueness, redness = (chroma_N2HW - 128).split(1, dim=1)
    red = luma_N1HW + 1.402 * redness
    blue = luma_N1HW + 1.772 * blueness
    green = (luma_N1HW - 0.299 * red - 0.114 * blue) / 0.587
    return torch.cat([red, green, blue], dim=1).round().clamp(0, 255)


def compressed_plane(plane_NCHW: Tensor, steps: Tensor) -> Tensor:
    """What is left of planes of bytes when the frequencies of every 8 x 8 block are rounded to multiples of ``steps``.

    Source: ITU-T T.81, Annex A.3.3 (transform) and A.3.4 (quantisation). Edges are repeated up to whole blocks.

    Args:
        plane_NCHW: byte values.
        steps: of the 64 frequencies, ``(8, 8)``.
    """
    count, channels, height, width = plane_NCHW.shape
    padded = F.pad(plane_NCHW, (0, -width % _SIDE, 0, -height % _SIDE), mode="replicate") - 128
    rows, columns = padded.shape[2] // _SIDE, padded.shape[3] // _SIDE
    transform, steps = _cosines().to(padded), steps.to(padded)
    blocks = padded.view(count, channels, rows, _SIDE, columns, _SIDE).transpose(3, 4)
    # The IJG's library takes both transforms in whole numbers, a quarter of its unit after the first pass: following it
    # decides the many ties in the quantisation as it does.
    by_row = _rounded(blocks @ transform.T * 4)
    eighths = _rounded(transform @ by_row / 4)
    kept = eighths.sign() * (eighths.abs() / (8 * steps) + 0.5).floor() * steps  # halves go away from 0
    blocks = _rounded(_rounded(transform.T @ kept * 4) @ transform / 32)
    whole = (blocks.transpose(3, 4).reshape(padded.shape) + 128).clamp(0, 255)
    return whole[:, :, :height, :width]


def halved(chroma_NCHW: Tensor) -> Tensor:
    """Means of 2 x 2 pixels as whole numbers, ``(N, C, ceil(H / 2), a multiple of 8)``.

    As in the IJG's library, halves go down and up in turn, and the last column is repeated up to whole blocks before
    the means are taken.
    """
    height, width = chroma_NCHW.shape[2:]
    padded = F.pad(chroma_NCHW, (0, -width % (2 * _SIDE), 0, height % 2), mode="replicate")
    means = F.avg_pool2d(padded, 2)
    return (means + torch.tensor([0.25, 0.5]).to(means).repeat(means.shape[3] // 2)).floor()


def doubled(chroma_NCHW: Tensor, size: torch.Size) -> Tensor:
    """Planes of ``size`` from half the resolution: 3 parts of the nearer and 1 of the farther pixel, each way."""
    height, width = size
    inside = chroma_NCHW[..., : (width + 1) // 2]
    wide = F.interpolate(inside, scale_factor=2, mode="bilinear", align_corners=False)[:, :, :height, :width]
    even = torch.arange(width, device=wide.device) % 2 == 0
    return torch.where(even, (wide + 0.5).floor(), (wide - 0.5).ceil())  # the IJG's halves go up and down in turn


def _rounded(values: Tensor) -> Tensor:
    """The nearest whole numbers; halves go up."""
    return (values + 0.5).floor()


def _cosines() -> Tensor:
    """The discrete cosine transform of 8 values, sqrt(8) times orthonormal, ``(8, 8)``: a row a frequency."""
    places, frequency = torch.arange(_SIDE, dtype=torch.float64), torch.arange(_SIDE, dtype=torch.float64)[:, None]
    waves = ((2 * places + 1) * frequency * math.pi / (2 * _SIDE)).cos() * math.sqrt(2)
    waves[0] = 1
    return waves
