"""Targets that mark places, drawn onto a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from burnish.common.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

COLOURS = ((255, 196, 0), (0, 200, 255), (255, 64, 129), (118, 255, 3), (186, 104, 255), (255, 109, 0))
"""Of boxes, points and classes of masks, over and over; each stands out from photographs."""

_OPACITY = 0.45


def draw_targets(picture: Image, targets: Any, kinds: Mapping[str, str], scale: float) -> Image:
    """The picture with boxes, points and masks of one sample drawn onto it.

    Boxes are outlines, points are dots, classes of a mask tint their pixels (class 0 is the background). What is NaN is
    absent. Tensors without a kind, and labels, are left out.

    Args:
        picture: RGB, the sample enlarged by ``scale``.
        targets: a dict of name -> tensor without the batch: boxes ``(n, 4)``, keypoints ``(n, 2)``, in pixels of the
            sample, masks ``(H, W)`` of classes or ``(C, H, W)`` of values in [0, 1].
        kinds: name -> ``boxes``, ``keypoints``, ``mask`` or ``label``, as in :mod:`burnish.data.augment.moving`.
        scale: pixels of the picture for a pixel of the sample.

    Raises:
        InputError: a kind that cannot be drawn.
    """
    from PIL import ImageDraw

    named = targets if isinstance(targets, Mapping) else {}
    for name, kind in kinds.items():
        if kind not in ("boxes", "keypoints", "mask", "label"):
            raise InputError(f"a target of kind '{kind}' ({name}) cannot be drawn: expected boxes, keypoints or mask")
        if kind == "mask" and name in named:
            picture = _tinted(picture, named[name])
    pen = ImageDraw.Draw(picture)
    width = max(1, round(picture.width / 80))
    for name, kind in kinds.items():
        if name not in named or kind not in ("boxes", "keypoints"):
            continue
        for number, row in enumerate(named[name].tolist()):
            if any(value != value for value in row):
                continue
            colour, *places = COLOURS[number % len(COLOURS)], *(value * scale for value in row)
            if kind == "boxes":
                left, top, right, bottom = places
                pen.rectangle((left, top, max(left, right - 1), max(top, bottom - 1)), outline=colour, width=width)
            else:
                x, y = places
                reach = 1.5 * width
                pen.ellipse((x - reach, y - reach, x + reach, y + reach), fill=colour, outline=(0, 0, 0))
    return picture


def _tinted(picture: Image, mask: Any) -> Image:
    """The picture with every class of a mask in a colour of its own."""
    from PIL import Image as Pillow

    values = mask.detach().cpu().numpy()
    planes = [values == number for number in np.unique(values) if number > 0] if values.ndim == 2 else list(values)
    pixels: NDArray[Any] = np.asarray(picture, np.float32)
    for number, plane in enumerate(planes):
        shown = Pillow.fromarray((np.clip(plane, 0, 1) * 255).astype(np.uint8)).resize(
            picture.size, Pillow.Resampling.NEAREST
        )
        share = np.asarray(shown, np.float32)[:, :, None] / 255 * _OPACITY
        pixels = pixels * (1 - share) + np.array(COLOURS[number % len(COLOURS)], np.float32) * share
    return Pillow.fromarray(pixels.round().astype(np.uint8))
