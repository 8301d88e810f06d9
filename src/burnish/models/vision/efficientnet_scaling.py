"""How EfficientNets grow: depth, width and resolution together."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from burnish.common.errors import InputError
from burnish.models.vision.mobile_blocks import divisible


@dataclass(frozen=True)
class Stage:
    """Blocks of one width.

    Attributes:
        expansion: how much wider the middle of a block is.
        kernel: of the depthwise convolution.
        stride: of the first block.
        channels: that each block gives.
        blocks: their number.
    """

    expansion: int
    kernel: int
    stride: int
    channels: int
    blocks: int


BASELINE = (
    Stage(1, 3, 1, 16, 1),
    Stage(6, 3, 2, 24, 2),
    Stage(6, 5, 2, 40, 2),
    Stage(6, 3, 2, 80, 3),
    Stage(6, 5, 1, 112, 3),
    Stage(6, 5, 2, 192, 4),
    Stage(6, 3, 1, 320, 1),
)
"""EfficientNet-B0: table 1 of the paper."""


@dataclass(frozen=True)
class Scaled:
    """A scaled EfficientNet: channels of the first and the last convolution, the stages between, side of the image."""

    stem: int
    stages: tuple[Stage, ...]
    head: int
    side: int


def compound(phi: float, alpha: float = 1.2, beta: float = 1.1, gamma: float = 1.15) -> tuple[float, float, float]:
    """Width, depth and resolution for ``2 ** phi`` times the multiply-adds of the baseline.

    Source: Tan & Le 2019, "EfficientNet: Rethinking Model Scaling", arXiv:1905.11946, eq. 3. The published models use
    rounded coefficients.

    Args:
        phi: the compound coefficient.
        alpha: growth of the depth.
        beta: growth of the width.
        gamma: growth of the resolution.

    Returns:
        ``(beta ** phi, alpha ** phi, gamma ** phi)``.

    >>> compound(0)
    (1.0, 1.0, 1.0)
    """
    return beta**phi, alpha**phi, gamma**phi


def scaled(width: float = 1.0, depth: float = 1.0, resolution: float = 1.0) -> Scaled:
    """The baseline with its channels, blocks and image multiplied.

    Source: Tan & Le 2019, arXiv:1905.11946, section 3. Channels are rounded to multiples of 8 as in the authors' code,
    blocks are rounded up, and the side of the image (224 times the resolution) to the nearest pixel.

    Args:
        width: multiplies channels.
        depth: multiplies the blocks of each stage.
        resolution: multiplies the side of the image.

    Raises:
        InputError: a coefficient that is not positive.

    >>> scaled(1.1, 1.2).stages[1]
    Stage(expansion=6, kernel=3, stride=2, channels=24, blocks=3)
    """
    for name, value in (("width", width), ("depth", depth), ("resolution", resolution)):
        if not value > 0:
            raise InputError(f"{name} must be greater than 0, got {value}: it multiplies that of efficientnet-b0")
    stages = tuple(
        replace(stage, channels=divisible(stage.channels * width), blocks=math.ceil(stage.blocks * depth))
        for stage in BASELINE
    )
    return Scaled(divisible(32 * width), stages, divisible(1280 * width), round(224 * resolution))
