"""Random geometry: crops, mirrors, rotation, translation, scale, shear and stretch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from burnish.common.errors import InputError
from burnish.data.augment import affine
from burnish.data.augment.draws import Draws
from burnish.data.augment.operation import Geometric, Size

_WIDEST = 1.6
_LONGEST = 1.3


def _check_range(name: str, what: str, given: tuple[float, float], least: float, most: float) -> None:
    low, high = given
    if not least <= low <= high <= most:
        raise InputError(f"{what} of {name} must be a range within [{least:g}, {most:g}], low to high, got {given}")


def _middle(canvas: Size) -> tuple[float, float]:
    return canvas[1] / 2, canvas[0] / 2


@dataclass(frozen=True, kw_only=True)
class Fit(Geometric):
    """Scale the image until it covers the canvas, and keep its centre: what validation sees too."""

    name: ClassVar[str] = "fit"
    frames: ClassVar[bool] = True

    def maps(self, draws: Draws, slot: str, given: Tensor, canvas: Size) -> Tensor:
        height, width = given[:, 0], given[:, 1]
        factor = torch.maximum(canvas[0] / height, canvas[1] / width)
        x, y = (canvas[1] - factor * width) / 2, (canvas[0] - factor * height) / 2
        return affine.translation(x, y) @ affine.scaling(factor, factor)


@dataclass(frozen=True, kw_only=True)
class RandomCrop(Geometric):
    """Cut the canvas out of a somewhat larger image, at a random place and whole pixels.

    Args:
        padding: pixels of border around an image of the canvas's size; He et al. 2015, arXiv:1512.03385, section 4.2,
            take 4 on 32x32.
        resize: scale the shorter side to this many pixels first instead, as is usual for photos (256 for a crop of
            224); then there is no border.

    Raises:
        InputError: a negative padding.
    """

    padding: int = 4
    resize: int | None = None
    name: ClassVar[str] = "random-crop"
    frames: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.padding < 0:
            raise InputError(f"padding of random-crop must be 0 or more pixels, got {self.padding}")
        if self.resize is not None and self.resize < 1:
            raise InputError(f"resize of random-crop must be 1 pixel or more, got {self.resize}")

    def maps(self, draws: Draws, slot: str, given: Tensor, canvas: Size) -> Tensor:
        where = draws.uniform(slot, 2)
        if self.resize is None:
            steps = torch.floor(where * (2 * self.padding + 1)) - self.padding
            return affine.translation(steps[:, 0], steps[:, 1]) @ Fit().maps(draws, slot, given, canvas)
        if self.resize < max(canvas):
            raise InputError(
                f"random-crop cuts {canvas[0]}x{canvas[1]} out of images whose shorter side is {self.resize}: "
                f"resize them to at least {max(canvas)}"
            )
        factor = self.resize / given.min(dim=1).values
        room = (given * factor[:, None]).round() - torch.tensor(canvas, dtype=torch.float64)
        steps = torch.floor(where.flip(1) * (room + 1))
        return affine.translation(-steps[:, 1], -steps[:, 0]) @ affine.scaling(factor, factor)


@dataclass(frozen=True, kw_only=True)
class ResizedCrop(Geometric):
    """A random part of the image, of random proportions, scaled to the canvas.

    Source: Szegedy et al. 2014, "Going deeper with convolutions", arXiv:1409.4842, section 6.

    Args:
        area: share of the image's area.
        ratio: width to height of the part, uniform in its logarithm.

    Raises:
        InputError: a range that cannot be.
    """

    area: tuple[float, float] = (0.08, 1.0)
    ratio: tuple[float, float] = (3 / 4, 4 / 3)
    name: ClassVar[str] = "resized-crop"
    frames: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_range(self.name, "area", self.area, 1e-4, 1.0)
        _check_range(self.name, "ratio", self.ratio, 1e-2, 1e2)

    def maps(self, draws: Draws, slot: str, given: Tensor, canvas: Size) -> Tensor:
        height, width = given[:, 0], given[:, 1]
        part = draws.between(f"{slot}.area", *self.area) * height * width
        ratio = draws.ratio(f"{slot}.ratio", *self.ratio)
        wide, high = (part * ratio).sqrt(), (part / ratio).sqrt()
        # A part that is too long for the image shrinks until it fits: no second draw, so no loop.
        shrink = torch.maximum((wide / width), (high / height)).clamp(min=1)
        wide, high = wide / shrink, high / shrink
        where = draws.uniform(slot, 2)
        left, top = where[:, 0] * (width - wide), where[:, 1] * (height - high)
        return affine.scaling(canvas[1] / wide, canvas[0] / high) @ affine.translation(-left, -top)


@dataclass(frozen=True, kw_only=True)
class CentreCrop(Geometric):
    """A random share of the image around its centre, or around a point in a range about the centre.

    Args:
        share: part of each side that is kept.
        off_centre: how far the part may lie from the middle: 0 keeps its centre on the image's, 1 lets it reach every
            edge, each side's room taken alike.

    Raises:
        InputError: a range that cannot be.
    """

    share: tuple[float, float] = (0.7, 1.0)
    off_centre: float = 0.0
    name: ClassVar[str] = "centre-crop"
    frames: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_range(self.name, "share", self.share, 1e-2, 1.0)
        if not 0 <= self.off_centre <= 1:
            raise InputError(f"off_centre of centre-crop must lie in [0, 1], got {self.off_centre}")

    def maps(self, draws: Draws, slot: str, given: Tensor, canvas: Size) -> Tensor:
        zoom = 1 / draws.between(slot, *self.share)
        zoomed = affine.about(affine.scaling(zoom, zoom), *_middle(canvas)) @ Fit().maps(draws, slot, given, canvas)
        if self.off_centre == 0:
            return zoomed
        shown = given * affine.magnification(zoomed)[:, None]
        room = (shown - torch.tensor(canvas, dtype=torch.float64)) / 2
        steps = (2 * draws.uniform(f"{slot}.where", 2) - 1) * self.off_centre * room.flip(1)
        return affine.translation(steps[:, 0], steps[:, 1]) @ zoomed


@dataclass(frozen=True, kw_only=True)
class HorizontalFlip(Geometric):
    """Mirror left and right."""

    probability: float = 0.5
    name: ClassVar[str] = "horizontal-flip"

    def maps(self, draws: Draws, slot: str, given: Tensor, canvas: Size) -> Tensor:
        ones = torch.ones(len(draws), dtype=torch.float64)
        return affine.about(affine.scaling(-ones, ones), *_middle(canvas))


@dataclass(frozen=True, kw_only=True)
class VerticalFlip(Geometric):
    """Mirror top and bottom."""

    probability: float = 0.5
    name: ClassVar[str] = "vertical-flip"

    def maps(self, draws: Draws, slot: str, given: Tensor, canvas: Size) -> Tensor:
        ones = torch.ones(len(draws), dtype=torch.float64)
        return affine.about(affine.scaling(ones, -ones), *_middle(canvas))


@dataclass(frozen=True, kw_only=True)
class Rotate(Geometric):
    """Turn about the centre.

    Args:
        degrees: range of the angle, counter-clockwise.
        step: whole multiples of this angle alone; 90 keeps pixels exact on square images.

    Raises:
        InputError: a range that cannot be.
    """

    degrees: tuple[float, float] = (0.0, 360.0)
    step: float | None = None
    name: ClassVar[str] = "rotate"

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_range(self.name, "degrees", self.degrees, -360, 360)
        if self.step is not None and not 0 < self.step <= 360:
            raise InputError(f"step of rotate must lie in (0, 360] degrees, got {self.step}")
        if self.step is not None and not self._angles():
            raise InputError(f"no multiple of step {self.step:g} of rotate lies in its degrees {self.degrees}")

    def maps(self, draws: Draws, slot: str, given: Tensor, canvas: Size) -> Tensor:
        if self.step is None:
            angle = draws.between(slot, *self.degrees)
        else:
            angles = torch.tensor(self._angles(), dtype=torch.float64)
            angle = angles[(draws.uniform(slot)[:, 0] * len(angles)).long()]
        return affine.about(affine.rotation(angle), *_middle(canvas))

    def _angles(self) -> list[float]:
        """Multiples of the step, none of them twice around the circle."""
        assert self.step is not None
        low, high = self.degrees
        multiples = (turn * self.step for turn in range(math.ceil(low / self.step), math.floor(high / self.step) + 1))
        return [angle for angle in multiples if angle < low + 360]


@dataclass(frozen=True, kw_only=True)
class Translate(Geometric):
    """Move by up to so many pixels along x and along y.

    Args:
        pixels: the furthest.

    Raises:
        InputError: a negative distance.
    """

    pixels: float = 10.0
    name: ClassVar[str] = "translate"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.pixels < 0:
            raise InputError(f"pixels of translate must be 0 or more, got {self.pixels}")

    def maps(self, draws: Draws, slot: str, given: Tensor, canvas: Size) -> Tensor:
        step = (2 * draws.uniform(slot, 2) - 1) * self.pixels
        return affine.translation(step[:, 0], step[:, 1])


@dataclass(frozen=True, kw_only=True)
class Rescale(Geometric):
    """Enlarge or shrink about the centre.

    Args:
        factor: range, uniform in its logarithm.

    Raises:
        InputError: a range that cannot be.
    """

    factor: tuple[float, float] = (1 / _WIDEST, _WIDEST)
    name: ClassVar[str] = "rescale"

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_range(self.name, "factor", self.factor, 1e-2, 1e2)

    def maps(self, draws: Draws, slot: str, given: Tensor, canvas: Size) -> Tensor:
        factor = draws.ratio(slot, *self.factor)
        return affine.about(affine.scaling(factor, factor), *_middle(canvas))


@dataclass(frozen=True, kw_only=True)
class Shear(Geometric):
    """Slant about the centre along x.

    Args:
        degrees: range of the angle.

    Raises:
        InputError: a range that cannot be.
    """

    degrees: tuple[float, float] = (-20.0, 20.0)
    name: ClassVar[str] = "shear"

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_range(self.name, "degrees", self.degrees, -80, 80)

    def maps(self, draws: Draws, slot: str, given: Tensor, canvas: Size) -> Tensor:
        angle = draws.between(slot, *self.degrees)
        return affine.about(affine.shearing(angle, torch.zeros_like(angle)), *_middle(canvas))


@dataclass(frozen=True, kw_only=True)
class Stretch(Geometric):
    """Change the proportions about the centre: width by the factor, height by its inverse; the area stays.

    Args:
        factor: range of the factor of the width to the height, uniform in its logarithm.

    Raises:
        InputError: a range that cannot be.
    """

    factor: tuple[float, float] = (1 / _LONGEST, _LONGEST)
    name: ClassVar[str] = "stretch"

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_range(self.name, "factor", self.factor, 1e-2, 1e2)

    def maps(self, draws: Draws, slot: str, given: Tensor, canvas: Size) -> Tensor:
        root = draws.ratio(slot, *self.factor).sqrt()
        return affine.about(affine.scaling(root, 1 / root), *_middle(canvas))
