"""Random noise, blur and holes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from burnish.common.errors import InputError
from burnish.data.augment.draws import Draws, words
from burnish.data.augment.operation import Pixelwise
from burnish.data.augment.resample import parts


def _check(name: str, what: str, given: tuple[float, float], most: float) -> None:
    low, high = given
    if not 0 <= low <= high <= most:
        raise InputError(f"{what} of {name} must be a range within [0, {most:g}], low to high, got {given}")


@dataclass(frozen=True, kw_only=True)
class GaussianNoise(Pixelwise):
    """Add normal noise of its own to every pixel and channel.

    Args:
        std: range of the standard deviation, on pixels in [0, 1].

    Raises:
        InputError: a range that cannot be.
    """

    std: tuple[float, float] = (0.0, 0.1)
    name: ClassVar[str] = "gaussian-noise"

    def __post_init__(self) -> None:
        super().__post_init__()
        _check(self.name, "std", self.std, 10)

    def change(self, draws: Draws, slot: str, images: Tensor, chosen: Tensor) -> Tensor:
        seeds = draws.seeds(slot)
        std = draws.between(f"{slot}.std", *self.std)
        for some in _parts(images, chosen):
            noise = _normal(seeds[some].to(images.device), images[some])
            images[some] += noise.mul_(std[some].to(images)[:, None, None, None])
        return images


def _parts(images: Tensor, chosen: Tensor) -> Iterator[Tensor]:
    """Numbers of the chosen samples, a few at a time: see :func:`burnish.data.augment.resample.parts`."""
    for part in parts(images):
        some = chosen[part].nonzero().flatten() + part.start
        if len(some):
            yield some


def _normal(seeds: Tensor, like: Tensor) -> Tensor:
    size = like[0].numel()
    drawn = words(seeds, -(-size // 2))
    # Box and Muller 1958: the two halves of a word are a radius and an angle, which give two normal numbers.
    radius = (drawn >> 32 & 0xFFFFFFFF).float().add_(0.5).mul_(2.0**-32).clamp_(max=1.0).log_().mul_(-2).sqrt_()
    angle = (drawn & 0xFFFFFFFF).float().mul_(2 * math.pi * 2.0**-32)
    normal = torch.cat([radius * angle.cos(), radius * angle.sin()], dim=1)[:, :size]
    return normal.reshape(like.shape).to(like)


@dataclass(frozen=True, kw_only=True)
class SaltAndPepper(Pixelwise):
    """Turn single pixels white or black.

    Args:
        share: range of the share of pixels.

    Raises:
        InputError: a range that cannot be.
    """

    share: tuple[float, float] = (0.0, 0.05)
    name: ClassVar[str] = "salt-and-pepper"

    def __post_init__(self) -> None:
        super().__post_init__()
        _check(self.name, "share", self.share, 1)

    def change(self, draws: Draws, slot: str, images: Tensor, chosen: Tensor) -> Tensor:
        height, width = images.shape[2:]
        seeds, share = draws.seeds(slot), draws.between(f"{slot}.share", *self.share)
        for some in _parts(images, chosen):
            drawn = words(seeds[some].to(images.device), height * width).view(-1, 1, height, width)
            hit = (drawn >> 40 & 0xFFFFFF).float() * 2.0**-24 < share[some].to(images)[:, None, None, None]
            images[some] = torch.where(hit, (drawn & 1).to(images), images[some])
        return images


@dataclass(frozen=True, kw_only=True)
class Blur(Pixelwise):
    """Blur with a Gaussian.

    Args:
        sigma: range of its standard deviation, in pixels.

    Raises:
        InputError: a range that cannot be.
    """

    sigma: tuple[float, float] = (0.1, 2.0)
    name: ClassVar[str] = "blur"

    def __post_init__(self) -> None:
        super().__post_init__()
        _check(self.name, "sigma", self.sigma, 50)

    def change(self, draws: Draws, slot: str, images: Tensor, chosen: Tensor) -> Tensor:
        height, width = images.shape[2:]
        reach = min(math.ceil(3 * self.sigma[1]), height - 1, width - 1)
        sigma = draws.between(slot, *self.sigma).clamp(min=1e-3)
        taps = torch.exp(-0.5 * (torch.arange(reach + 1) / sigma[:, None]).square())
        taps = taps / (2 * taps.sum(dim=1, keepdim=True) - taps[:, :1])
        for some in _parts(images, chosen):
            images[some] = _blurred(_blurred(images[some], taps[some], 2), taps[some], 3)
        return images


def _blurred(images: Tensor, taps: Tensor, dim: int) -> Tensor:
    """A symmetric filter of its own for every image along one dimension, ``taps`` ``(batch, reach + 1)``.

    Twice as fast as a convolution with as many groups as there are channels in the batch, and its bits cannot depend
    on the size of the batch.
    """
    reach, size = taps.shape[1] - 1, images.shape[dim]
    taps = taps.to(images)[:, :, None, None, None]
    padded = F.pad(images, (0, 0, reach, reach) if dim == 2 else (reach, reach, 0, 0), mode="reflect")
    made = images * taps[:, 0]
    for step in range(1, reach + 1):
        both = padded.narrow(dim, reach - step, size) + padded.narrow(dim, reach + step, size)
        made += both.mul_(taps[:, step])
    return made


@dataclass(frozen=True, kw_only=True)
class Cutout(Pixelwise):
    """Black squares, whose centres lie anywhere in the image.

    Source: DeVries and Taylor 2017, "Improved regularization of convolutional neural networks with cutout",
    arXiv:1708.04552, section 3: one square whose centre is uniform, so that part of it may lie outside.

    Args:
        share: side of a square as a part of the image's shorter side; 0.5 on CIFAR-10 in the paper.
        holes: how many.

    Raises:
        InputError: a share outside (0, 1], or no hole.
    """

    share: float = 0.4
    holes: int = 1
    name: ClassVar[str] = "cutout"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.share <= 1:
            raise InputError(f"share of cutout must lie in (0, 1], got {self.share}")
        if self.holes < 1:
            raise InputError(f"holes of cutout must be at least 1, got {self.holes}")

    def change(self, draws: Draws, slot: str, images: Tensor, chosen: Tensor) -> Tensor:
        height, width = images.shape[2:]
        half = max(1, round(self.share * min(height, width))) / 2
        centres = draws.uniform(slot, 2 * self.holes).to(images)
        rows = torch.arange(height, device=images.device) + 0.5
        columns = torch.arange(width, device=images.device) + 0.5
        cut = chosen.to(images)[:, None]
        for hole in range(self.holes):
            y, x = centres[:, 2 * hole, None] * height, centres[:, 2 * hole + 1, None] * width
            down, across = ((rows - y).abs() < half) * cut, ((columns - x).abs() < half).to(images)
            for part in parts(images):
                # Several times as fast as filling where a mask of bytes says so.
                images[part].mul_(1 - down[part][:, None, :, None] * across[part][:, None, None, :])
        return images
