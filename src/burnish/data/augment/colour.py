"""Random colour: brightness, contrast, saturation, hue, and the shift along principal components."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from burnish.common.errors import InputError
from burnish.data.augment.draws import Draws
from burnish.data.augment.operation import Colour

LUMA = (0.299, 0.587, 0.114)
"""Share of red, green and blue in brightness: ITU-R BT.601."""

_TO_YIQ = torch.tensor([LUMA, (0.596, -0.274, -0.322), (0.211, -0.523, 0.312)], dtype=torch.float64)
_FROM_YIQ = torch.linalg.inv(_TO_YIQ)


def still(count: int, channels: int) -> Tensor:
    """Matrices that change nothing, ``(count, C, C + 1)``."""
    return torch.eye(channels, channels + 1, dtype=torch.float64).expand(count, -1, -1).clone()


def _weights(channels: int) -> Tensor:
    """Share of each channel in brightness; other than three channels count alike."""
    return torch.tensor(LUMA, dtype=torch.float64) if channels == 3 else torch.full((channels,), 1 / channels).double()


def _check_amount(name: str, amount: float, most: float) -> None:
    if not 0 <= amount <= most:
        raise InputError(f"amount of {name} must lie in [0, {most:g}], got {amount}")


@dataclass(frozen=True, kw_only=True)
class Brightness(Colour):
    """Multiply all channels by a factor in [1 - amount, 1 + amount].

    Raises:
        InputError: an amount outside [0, 1].
    """

    amount: float = 0.4
    name: ClassVar[str] = "brightness"

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_amount(self.name, self.amount, 1)

    def matrices(self, draws: Draws, slot: str, means: Tensor) -> Tensor:
        factor = draws.between(slot, 1 - self.amount, 1 + self.amount)
        return still(*means.shape) * factor[:, None, None]


@dataclass(frozen=True, kw_only=True)
class Contrast(Colour):
    """Move every pixel away from the image's mean brightness, or towards it, by a factor in [1 - amount, 1 + amount].

    Raises:
        InputError: an amount outside [0, 1].
    """

    amount: float = 0.4
    name: ClassVar[str] = "contrast"
    reads_means: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_amount(self.name, self.amount, 1)

    def matrices(self, draws: Draws, slot: str, means: Tensor) -> Tensor:
        factor = draws.between(slot, 1 - self.amount, 1 + self.amount)
        changed = still(*means.shape) * factor[:, None, None]
        changed[:, :, -1] += ((1 - factor) * (means @ _weights(means.shape[1])))[:, None]
        return changed


@dataclass(frozen=True, kw_only=True)
class Saturation(Colour):
    """Move every pixel away from its own grey, or towards it, by a factor in [1 - amount, 1 + amount].

    Raises:
        InputError: an amount outside [0, 1].
    """

    amount: float = 0.4
    name: ClassVar[str] = "saturation"
    needs_colour: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_amount(self.name, self.amount, 1)

    def matrices(self, draws: Draws, slot: str, means: Tensor) -> Tensor:
        changed = still(*means.shape)
        channels = means.shape[1]
        if channels != 3:
            return changed  # grey images have no colour to change
        factor = draws.between(slot, 1 - self.amount, 1 + self.amount)[:, None, None]
        grey = _weights(channels).expand(channels, channels)
        changed[:, :, :channels] = factor * changed[:, :, :channels] + (1 - factor) * grey
        return changed


@dataclass(frozen=True, kw_only=True)
class Hue(Colour):
    """Turn colours around the grey axis, in the linear space YIQ, by up to ``amount`` of a full turn either way.

    A turn there is a matrix, unlike one in HSV, so it fuses with the rest; brightness stays exactly.

    Raises:
        InputError: an amount outside [0, 0.5].
    """

    amount: float = 0.1
    name: ClassVar[str] = "hue"
    needs_colour: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_amount(self.name, self.amount, 0.5)

    def matrices(self, draws: Draws, slot: str, means: Tensor) -> Tensor:
        changed = still(*means.shape)
        if means.shape[1] != 3:
            return changed
        angle = draws.between(slot, -self.amount, self.amount) * 2 * math.pi
        turn = torch.eye(3, dtype=torch.float64).expand(len(angle), 3, 3).clone()
        turn[:, 1, 1] = turn[:, 2, 2] = torch.cos(angle)
        turn[:, 1, 2], turn[:, 2, 1] = -torch.sin(angle), torch.sin(angle)
        changed[:, :, :3] = _FROM_YIQ @ turn @ _TO_YIQ
        return changed


@dataclass(frozen=True, kw_only=True)
class PcaShift(Colour):
    """Add multiples of the principal components of the training set's colours, one draw an image.

    Source: Krizhevsky, Sutskever and Hinton 2012, "ImageNet classification with deep convolutional neural networks",
    section 4.1: N(0, 0.1) times the eigenvalue along each eigenvector of the covariance of RGB values. An eigenvalue
    is a variance, so the size of the shift depends on the unit of the pixels: here they lie in [0, 1].

    Args:
        std: standard deviation of the multiples.
        components: eigenvectors as rows, each already multiplied by its eigenvalue, ``(C, C)`` nested tuples. Filled in
            from the training split (:func:`burnish.data.augment.pca.colour_components`); must be there before use.

    Raises:
        InputError: a negative std.
    """

    std: float = 0.1
    components: tuple[tuple[float, ...], ...] | None = None
    name: ClassVar[str] = "pca-shift"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.std < 0:
            raise InputError(f"std of pca-shift must be 0 or more, got {self.std}")

    def matrices(self, draws: Draws, slot: str, means: Tensor) -> Tensor:
        if self.components is None:
            raise InputError(
                "pca-shift needs the colours of the training set: prepare the augmentation with its source"
            )
        components = torch.tensor(self.components, dtype=torch.float64)
        if len(components) != means.shape[1]:
            raise InputError(
                f"pca-shift was prepared for images of {len(components)} channels, these have {means.shape[1]}: "
                "prepare the augmentation with the training set that it is used on"
            )
        changed = still(*means.shape)
        changed[:, :, -1] += self.std * draws.normal(slot, len(components)) @ components
        return changed
