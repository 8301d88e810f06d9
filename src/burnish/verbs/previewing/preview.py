"""Samples beside what augmentation makes of them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from burnish.common.errors import InputError
from burnish.common.seeding import generator
from burnish.data.batch import map_tensors
from burnish.data.data import Data
from burnish.data.source import Source
from burnish.verbs.previewing.grid import draw_grid, scale_for
from burnish.verbs.previewing.marks import draw_targets

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image


@dataclass(frozen=True, eq=False)
class Preview:
    """A picture of samples and their variants.

    Attributes:
        pixels: ``(height, width, 3)`` bytes.
        operations: what was done, as plain data: the names and fields that a recipe takes.
        samples: what each row shows: number in the training split, its place, its class.
    """

    pixels: NDArray[np.uint8]
    operations: list[dict[str, Any]]
    samples: list[dict[str, Any]]

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture; the name says in which format, PNG if it does not.

        Raises:
            InputError: the folder is not there, or the format is not known.
        """
        from PIL import Image

        to = Path(path).expanduser()
        if not to.suffix:
            to = to.with_suffix(".png")
        try:
            Image.fromarray(self.pixels).save(to)
        except ValueError:
            raise InputError(f"'{to}' is no name of a picture: end it in .png or .jpg") from None
        except FileNotFoundError:
            raise InputError(f"cannot write '{to}': there is no folder '{to.parent}'") from None
        return to

    def _repr_png_(self) -> bytes:
        """What a notebook shows."""
        import io

        from PIL import Image

        file = io.BytesIO()
        Image.fromarray(self.pixels).save(file, "PNG")
        return file.getvalue()


def draw_preview(
    data: Data,
    source: Source,
    *,
    title: str,
    operations: list[dict[str, Any]],
    samples: int,
    variants: int,
    seed: int,
    kinds: Mapping[str, str] | None = None,
) -> Preview:
    """Draw samples of the training split beside their variants: those of epochs 0, 1, 2 ... of a fit with this seed.

    Args:
        data: where the samples come from.
        source: the same split, augmented.
        title: first line.
        operations: what ``source`` does.
        samples: rows; of every class in turn, where there are classes.
        variants: columns beside the first.
        seed: decides which samples are shown.
        kinds: what each target is, where they are a dict of tensors and are to be drawn.

    Raises:
        InputError: a count below 1, or no samples.
    """
    for name, count in (("samples", samples), ("variants", variants)):
        if count < 1:
            raise InputError(f"{name} must be at least 1, got {count}")
    if len(data.train) == 0:
        raise InputError(f"the training split of {data.name} is empty: there is nothing to look at")
    index = _chosen(data.train, samples, seed)
    kinds = kinds or {}
    columns = [_pictures(*data.train.gather(index), kinds)]
    columns += [_pictures(*source.for_epoch(epoch).gather(index), kinds) for epoch in range(variants)]
    told = [_told(data, int(number)) for number in index]
    grid = draw_grid(
        title,
        ["original", *(f"epoch {epoch}" for epoch in range(variants))],
        [str(sample.get("class", sample["sample"])) for sample in told],
        list(zip(*columns, strict=True)),
    )
    return Preview(np.asarray(grid), operations, told)


def _chosen(source: Source, count: int, seed: int) -> Tensor:
    """Different samples, of every class in turn; sorted by class."""
    shuffled = torch.randperm(len(source), generator=generator(seed, "preview"))
    labels = source.labels()
    if labels is None or len(labels) == 0:
        return shuffled[:count].sort().values
    own = labels.cpu()[shuffled]
    turn = torch.zeros(len(own), dtype=torch.int64)
    for label in own.unique():
        mine = own == label
        turn[mine] = torch.arange(int(mine.sum()))
    order = (turn * (int(own.max()) + 1) + own).argsort(stable=True)[:count]
    picked = shuffled[order]
    return picked[labels.cpu()[picked].argsort(stable=True)]


def _told(data: Data, number: int) -> dict[str, Any]:
    labels = data.train.labels()
    told: dict[str, Any] = {"sample": number, "where": data.train.describe(number)}
    if labels is not None and data.schema.classes:
        told["class"] = data.schema.classes[int(labels[number])]
    return told


def _pictures(images: Tensor, targets: Any, kinds: Mapping[str, str]) -> list[Image]:
    """A column: every sample, large enough to be seen, with its targets on it."""
    from PIL import Image as Pillow

    bytes_NCHW = (images.float().clamp(0, 1) * 255).round().to(torch.uint8).cpu()
    bytes_NCHW = bytes_NCHW[:, :3] if bytes_NCHW.shape[1] >= 3 else bytes_NCHW[:, :1].expand(-1, 3, -1, -1)
    scale = scale_for(min(images.shape[2:]))
    height, width = (round(side * scale) for side in images.shape[2:])
    filter_ = Pillow.Resampling.NEAREST if scale >= 1 else Pillow.Resampling.LANCZOS
    made = []
    for row, pixels in enumerate(bytes_NCHW.permute(0, 2, 3, 1).numpy()):
        picture = Pillow.fromarray(np.ascontiguousarray(pixels)).resize((width, height), filter_)
        own = map_tensors(lambda tensor, row=row: tensor[row], targets) if kinds else None  # type: ignore[misc]
        made.append(draw_targets(picture, own, kinds, scale))
    return made
