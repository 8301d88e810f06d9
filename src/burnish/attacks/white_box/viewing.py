"""What happens to a picture between a printer and a camera: differentiable, drawn anew for every sample."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from burnish.common.errors import InputError


def _drawn(count: int, generator: torch.Generator, like: Tensor) -> Tensor:
    return torch.rand(count, generator=generator).to(like)


def _check(what: str, number: float) -> None:
    if number < 0:
        raise InputError(f"{what} must be 0 or more, got {number:g}")


@dataclass(frozen=True)
class Blur:
    """A Gaussian blur, as of a camera that is out of focus; ``sigma`` in pixels is drawn from 0 to the largest.

    >>> Blur(1.0)(torch.full((2, 1, 5, 5), 0.5), torch.Generator()).shape
    torch.Size([2, 1, 5, 5])
    """

    largest: float = 1.0

    def __post_init__(self) -> None:
        _check("largest", self.largest)

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        sigma = _drawn(len(images), generator, images) * self.largest
        reach = min(math.ceil(3 * self.largest), *(side - 1 for side in images.shape[-2:]))
        offset = torch.arange(-reach, reach + 1, device=images.device, dtype=images.dtype)
        weight = (-0.5 * (offset / sigma[:, None].clamp(min=1e-3)).square()).exp()
        weight = (weight / weight.sum(dim=1, keepdim=True)).repeat_interleave(images.shape[1], dim=0)
        planes = images.flatten(0, 1)[None]  # every plane is a channel of its own, with its sample's weights
        planes = F.pad(planes, (reach,) * 4, mode="reflect")
        planes = F.conv2d(planes, weight[:, None, :, None], groups=len(weight))
        return F.conv2d(planes, weight[:, None, None, :], groups=len(weight)).view_as(images)


@dataclass(frozen=True)
class Scale:
    """Nearer or farther, a little turned and off the middle: an affine map with bilinear sampling; the rim is repeated.

    Args:
        factor: largest magnification; drawn log-evenly from ``1 / factor`` to it.
        degrees: largest turn to either side.
        shift: largest displacement, as a share of the side.

    >>> same = Scale(1.0, 0.0, 0.0)
    >>> images = torch.rand(2, 3, 4, 4)
    >>> torch.allclose(same(images, torch.Generator()), images, atol=1e-6)
    True
    """

    factor: float = 1.15
    degrees: float = 5.0
    shift: float = 0.03

    def __post_init__(self) -> None:
        if self.factor < 1:
            raise InputError(f"factor must be at least 1, got {self.factor:g}: it is the largest magnification")
        _check("degrees", self.degrees)
        _check("shift", self.shift)

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        draw = 2 * _drawn(4 * len(images), generator, images).view(4, -1) - 1
        size = (draw[0] * math.log(self.factor)).exp()
        angle = draw[1] * math.radians(self.degrees)
        cos, sin = angle.cos() / size, angle.sin() / size
        across, down = draw[2:] * 2 * self.shift  # the grid runs from -1 to 1
        theta = torch.stack([torch.stack([cos, -sin, across], dim=1), torch.stack([sin, cos, down], dim=1)], dim=1)
        grid = F.affine_grid(theta, list(images.shape), align_corners=False)
        return F.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)


@dataclass(frozen=True)
class Noise:
    """Grain of the sensor: Gaussian noise whose deviation is drawn from 0 to the largest.

    >>> bool((Noise(0.1)(torch.full((1, 1, 2, 2), 0.5), torch.Generator()) != 0.5).all())
    True
    """

    largest: float = 0.05

    def __post_init__(self) -> None:
        _check("largest", self.largest)

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        deviation = _drawn(len(images), generator, images).view(-1, 1, 1, 1) * self.largest
        noise = torch.randn(images.shape, generator=generator).to(images)
        return (images + deviation * noise).clamp(0, 1)


@dataclass(frozen=True)
class Brightness:
    """Light and print: each picture times a contrast near 1, plus a brightness near 0.

    Args:
        brightness: largest amount added or taken away.
        contrast: largest share by which pixels are stretched or squeezed.

    >>> Brightness(0.0, 0.0)(torch.full((1, 1, 1, 1), 0.5), torch.Generator()).item()
    0.5
    """

    brightness: float = 0.1
    contrast: float = 0.1

    def __post_init__(self) -> None:
        _check("brightness", self.brightness)
        _check("contrast", self.contrast)

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        added, stretched = (2 * _drawn(2 * len(images), generator, images) - 1).view(2, -1, 1, 1, 1)
        changed: Tensor = images * (1 + self.contrast * stretched) + self.brightness * added
        return changed.clamp(0, 1)


PRINTED_AND_PHOTOGRAPHED = (Brightness(), Scale(), Blur(), Noise())
"""One after the other: the print, the pose, the lens, the sensor."""
