"""Geometry of decoded images, by OpenCV on bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from burnish.data.augment.operation import Size
from burnish.data.augment.resample import Fill

if TYPE_CHECKING:
    from burnish.data.images.decoders import Pixels

_NOWHERE = np.eye(3)


class Warper:
    """Affine maps of one image after the other, into the same memory.

    Fresh memory for every image would cost more than the work on it, and colour images go through OpenCV with a fourth
    channel, where it is two and a half times as fast.

    Args:
        canvas: height and width of the new images.
        channels: of the images.
        fill: what lies outside of the old ones.
    """

    def __init__(self, canvas: Size, channels: int, fill: Fill = "zero") -> None:
        import cv2

        held = 4 if channels == 3 else channels
        self._canvas = canvas
        self._moved = np.empty((*canvas, held), np.uint8)
        self._planes = np.empty((held, *canvas), np.uint8)
        self._channels = channels
        self._border = {
            "zero": cv2.BORDER_CONSTANT,
            "edge": cv2.BORDER_REPLICATE,
            "reflect": cv2.BORDER_REFLECT,
        }[fill]

    def warp(self, image: Pixels, forward: Any) -> Pixels:
        """The planes of the new image, ``(C, *canvas)``; the next call writes over them.

        An image that shrinks to less than half is shrunk by averaging areas first: four neighbours of a bilinear sample
        would miss most of its pixels.

        Args:
            image: bytes, ``(height, width, C)``.
            forward: from its pixels to the canvas's, ``(3, 3)``, as in :mod:`burnish.data.augment.affine`.
        """
        import cv2

        if image.shape[:2] == self._canvas and (forward == _NOWHERE).all():
            cv2.split(image, list(self._planes[: self._channels]))
            return self._planes[: self._channels]
        shrink = float(np.sqrt(abs(forward[0, 0] * forward[1, 1] - forward[0, 1] * forward[1, 0])))
        if shrink < 0.5:
            height, width = (max(1, round(side * 2 * shrink)) for side in image.shape[:2])
            forward = forward @ np.diag([image.shape[1] / width, image.shape[0] / height, 1.0])
            image = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        if self._channels == 3:
            image = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2RGBA), np.uint8)
        # OpenCV counts from the middle of the first pixel, burnish from its corner.
        matrix = forward[:2].copy()
        matrix[:, 2] += 0.5 * (matrix[:, 0] + matrix[:, 1]) - 0.5
        across_down = self._canvas[::-1]
        cv2.warpAffine(image, matrix, across_down, dst=self._moved, flags=cv2.INTER_LINEAR, borderMode=self._border)
        cv2.split(self._moved, list(self._planes))
        return self._planes[: self._channels]
