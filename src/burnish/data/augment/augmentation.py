"""Random changes of images, composed: one resampling, one colour matrix, then noise and holes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import Tensor

from burnish.common.errors import InputError
from burnish.data.augment.colour import PcaShift, still
from burnish.data.augment.draws import Draws
from burnish.data.augment.geometry import Fit
from burnish.data.augment.operation import Colour, Geometric, Operation, Pixelwise, Size
from burnish.data.augment.pca import colour_components
from burnish.data.augment.resample import Fill, parts, resample
from burnish.data.source import Source

OperationT = TypeVar("OperationT", bound=Operation)

if TYPE_CHECKING:
    from burnish.data.images.decoders import Pixels


@dataclass(frozen=True)
class Augmentation:
    """A list of random operations on images.

    All geometry of a sample becomes one affine map and one resampling, all colour one matrix: blending happens once,
    and nothing is cut off in between. Geometry comes first, then colour, then noise and holes; within each kind the
    given order holds. What happens to a sample depends on (seed, epoch, its number) alone.

    Args:
        operations: what may happen.
        fill: what lies outside of the image.

    Raises:
        InputError: two operations frame the image, or one does so after it was moved.

    >>> from burnish.data.augment.geometry import HorizontalFlip
    >>> flip = Augmentation((HorizontalFlip(probability=1.0),))
    >>> flip.batch(torch.tensor([[[[0.0, 1.0]]]]), Draws(0, 0, torch.tensor([0])))[0].tolist()
    [[[[1.0, 0.0]]]]
    """

    operations: tuple[Operation, ...] = ()
    fill: Fill = "zero"

    def __post_init__(self) -> None:
        geometry = [operation for operation in self.operations if isinstance(operation, Geometric)]
        late = [operation.name for operation in geometry[1:] if operation.frames]
        if late:
            raise InputError(
                f"{late[0]} says how the image comes onto the canvas, so it must come before other geometry, and alone"
            )

    def __bool__(self) -> bool:
        return bool(self.operations)

    def prepared(self, source: Source) -> Augmentation:
        """The same, with what it needs to know of the images: the colours of the training split for ``pca-shift``.

        Args:
            source: the training split, images ``(C, H, W)``.

        Raises:
            InputError: the samples are no images, or an operation needs colour and they have none.
        """
        if not self.operations:
            return self
        shape = tuple(source.gather(torch.tensor([0]))[0].shape[1:])
        if len(shape) != 3:
            raise InputError(f"augmentation changes images (C, H, W), and these samples have the shape {shape}")
        for _, operation in self._slots(Colour):
            if operation.needs_colour and shape[0] != 3:
                raise InputError(
                    f"{operation.name} changes colours, and these images have {shape[0]} channels: leave it out"
                )
        operations = tuple(
            replace(operation, components=colour_components(source))
            if isinstance(operation, PcaShift) and operation.components is None
            else operation
            for operation in self.operations
        )
        return replace(self, operations=operations)

    def to_list(self) -> list[dict[str, object]]:
        """Plain data for a run's config, which :func:`burnish.data.augment.presets.parse` reads."""
        plain = [operation.to_dict() for operation in self.operations]
        return plain if self.fill == "zero" else [{"name": "fill", "outside": self.fill}, *plain]

    def maps(self, draws: Draws, given: Tensor, canvas: Size) -> Tensor:
        """How each image moves, ``(batch, 3, 3)``, from its own pixels to the canvas's.

        Args:
            draws: the samples' random numbers.
            given: height and width of each image, ``(batch, 2)``.
            canvas: height and width of the output.
        """
        total = Fit().maps(draws, "", given, canvas)
        for slot, operation in self._slots(Geometric):
            moved = operation.maps(draws, slot, given, canvas)
            moved = moved if operation.frames else moved @ total
            total = torch.where(operation.happens(draws, slot)[:, None, None], moved, total)
        return total

    def colours(self, draws: Draws, means: Tensor) -> Tensor:
        """How channels mix, ``(batch, C, C + 1)``, for images with these channel means ``(batch, C)``."""
        channels = means.shape[1]
        total, means = still(*means.shape), means.double()
        for slot, operation in self._slots(Colour):
            step = operation.matrices(draws, slot, means)
            step = torch.where(operation.happens(draws, slot)[:, None, None], step, still(*means.shape))
            linear, shift = step[:, :, :channels], step[:, :, channels:]
            total = torch.cat([linear @ total[:, :, :channels], linear @ total[:, :, channels:] + shift], dim=2)
            means = (linear @ means[:, :, None] + shift)[:, :, 0]
        return total

    def batch(self, images: Tensor, draws: Draws, canvas: Size | None = None) -> tuple[Tensor, Tensor]:
        """Change a batch that is in memory.

        Args:
            images: float images in [0, 1] or bytes, ``(batch, C, H, W)``, on any device; they are not changed
                themselves.
            draws: the samples' random numbers.
            canvas: height and width of the output; by default that of the images.

        Returns:
            Float images ``(batch, C, *canvas)``, and the maps ``(batch, 3, 3)`` that moved them, for their targets.
        """
        canvas = canvas or (images.shape[2], images.shape[3])
        given = torch.tensor(images.shape[2:], dtype=torch.float64).expand(len(images), 2)
        maps = self.maps(draws, given, canvas)
        made = resample(images, maps, canvas, self.fill)
        made = made.clone() if made is images else made
        return self._finished(made, draws), maps

    def pictures(self, images: Sequence[Pixels], draws: Draws, canvas: Size) -> tuple[Tensor, Tensor]:
        """Change decoded files of any sizes: OpenCV moves bytes image by image, the rest is as in :meth:`batch`.

        Args:
            images: bytes, ``(height, width, C)`` each.
            draws: the samples' random numbers.
            canvas: height and width of the output.

        Returns:
            Float images in [0, 1], ``(batch, C, *canvas)``, and the maps that moved them.
        """
        from burnish.data.augment.opencv import Warper

        given = torch.tensor([image.shape[:2] for image in images], dtype=torch.float64)
        maps = self.maps(draws, given, canvas)
        channels = images[0].shape[2]
        warper = Warper(canvas, channels, self.fill)
        made = torch.empty(len(images), channels, *canvas)
        for image, forward, into in zip(images, maps.numpy(), made, strict=True):
            torch.div(torch.from_numpy(warper.warp(image, forward)), 255, out=into)
        return self._finished(made, draws), maps

    def _finished(self, images: Tensor, draws: Draws) -> Tensor:
        if colours := self._slots(Colour):
            if any(operation.reads_means for _, operation in colours):
                # Rows first: one sum over all pixels could be cut at other places when a batch has another size.
                means = images.mean(dim=3).mean(dim=2).cpu()
            else:
                means = torch.zeros(images.shape[:2])
            recolour_(images, self.colours(draws, means))
        for slot, operation in self._slots(Pixelwise):
            images = operation.change(draws, slot, images, operation.happens(draws, slot))
        return images.clamp_(0, 1) if self.operations else images

    def _slots(self, kind: type[OperationT]) -> list[tuple[str, OperationT]]:
        return [(f"{i}.{op.name}", op) for i, op in enumerate(self.operations) if isinstance(op, kind)]


def recolour_(images: Tensor, mixing: Tensor) -> Tensor:
    """Mix the channels of images ``(batch, C, H, W)`` by matrices ``(batch, C, C + 1)``, in place.

    Sums one after the other, not a product of matrices: their bits cannot depend on the size of the batch.
    """
    mixing = mixing.to(images)[:, :, :, None, None]
    for part in parts(images):
        old, weights = images[part].clone(), mixing[part]
        for row, channel in enumerate(images[part].unbind(1)):
            torch.mul(old[:, 0], weights[:, row, 0], out=channel)
            for column in range(1, images.shape[1]):
                channel.addcmul_(old[:, column], weights[:, row, column])
            channel.add_(weights[:, row, -1])
    return images
