"""What every random change of an image says about itself."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar

import torch
from torch import Tensor

from burnish.common.errors import InputError
from burnish.data.augment.draws import Draws

Size = tuple[int, int]
"""Height and width."""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """A random change. Subclasses are frozen dataclasses whose fields are its ranges.

    Attributes:
        probability: chance that it happens to a sample.

    Raises:
        InputError: a probability outside [0, 1].
    """

    name: ClassVar[str]
    probability: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1:
            raise InputError(f"probability of {self.name} must lie in [0, 1], got {self.probability}")

    def happens(self, draws: Draws, slot: str) -> Tensor:
        """Whether it happens to each sample, ``(batch,)`` bool; ``slot`` keeps two of the same operation apart."""
        if self.probability == 1:
            return torch.ones(len(draws), dtype=torch.bool)
        return draws.happens(slot, self.probability)

    def to_dict(self) -> dict[str, object]:
        """Name and fields as plain data, for a run's config; fields without a value are left out."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {"name": self.name} | {name: _plain(value) for name, value in values.items() if value is not None}


def _plain(value: object) -> object:
    return [_plain(part) for part in value] if isinstance(value, tuple) else value


class Geometric(Operation):
    """Moves pixels: an affine map for each sample, on a canvas that has the size of the output."""

    frames: ClassVar[bool] = False
    """True where it says how the original image comes onto the canvas; there is one of these, and it comes first."""

    def maps(self, draws: Draws, slot: str, given: Tensor, canvas: Size) -> Tensor:
        """Maps ``(batch, 3, 3)`` as in :mod:`burnish.data.augment.affine`, for all samples, happening or not.

        Args:
            draws: the samples' random numbers.
            slot: name of this operation among the others.
            given: height and width of each original image, ``(batch, 2)`` float64; read by framing operations alone.
            canvas: height and width of the output.
        """
        raise NotImplementedError


class Colour(Operation):
    """Mixes channels: new = M [old, 1], a matrix for each sample."""

    reads_means: ClassVar[bool] = False
    """True where the matrix depends on the image's mean colour, which takes a pass over its pixels."""
    needs_colour: ClassVar[bool] = False
    """True where nothing happens to images that do not have three channels."""

    def matrices(self, draws: Draws, slot: str, means: Tensor) -> Tensor:
        """Matrices ``(batch, C, C + 1)`` on pixels in [0, 1], for all samples, happening or not.

        Args:
            draws: the samples' random numbers.
            slot: name of this operation among the others.
            means: mean of each channel of each image as it is at this point, ``(batch, C)``.
        """
        raise NotImplementedError


class Pixelwise(Operation):
    """Changes pixels in ways that are neither; targets that mark places stay where they are."""

    def change(self, draws: Draws, slot: str, images: Tensor, chosen: Tensor) -> Tensor:
        """Images ``(batch, C, H, W)`` in [0, 1], changed where ``chosen`` ``(batch,)`` says so; may be in place."""
        raise NotImplementedError
