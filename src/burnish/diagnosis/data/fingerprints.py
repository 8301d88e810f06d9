"""What is kept of an image to compare it with all others: some 330 bytes, whatever its size."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

SIDE = 16
"""Side of the grey thumbnail."""
_HASHED = 32
_LOW = 8


@dataclass(frozen=True)
class Fingerprints:
    """One row an image.

    Args:
        digest: of the size and every pixel; equal for copies that decode to the same, whatever their format.
        hash: signs of the 64 lowest frequencies; few bits differ between pictures that look alike.
        thumbnail: grey, ``(images, SIDE, SIDE)``, whatever the proportions of the image.
        size: height, width and channels, ``(images, 3)``; grey kept as RGB has one channel here.
        mean: of red, green and blue in [0, 1], ``(images, 3)``.
        deviation: of grey in [0, 1].
        flat: all pixels are the same.
    """

    digest: NDArray[np.uint64]
    hash: NDArray[np.uint64]
    thumbnail: NDArray[np.uint8]
    size: NDArray[np.int32]
    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]
    flat: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.digest)

    def take(self, index: NDArray[np.int64]) -> Fingerprints:
        """Some rows, by number."""
        return Fingerprints(**{field.name: getattr(self, field.name)[index] for field in fields(self)})

    def put(self, start: int, rows: Fingerprints) -> None:
        """Write rows over the ones from ``start`` on."""
        for field in fields(self):
            getattr(self, field.name)[start : start + len(rows)] = getattr(rows, field.name)


def empty(count: int) -> Fingerprints:
    """Room for so many images."""
    return Fingerprints(
        np.zeros(count, np.uint64),
        np.zeros(count, np.uint64),
        np.zeros((count, SIDE, SIDE), np.uint8),
        np.zeros((count, 3), np.int32),
        np.zeros((count, 3), np.float32),
        np.zeros(count, np.float32),
        np.zeros(count, np.bool_),
    )


def fingerprint(images: Sequence[NDArray[np.uint8]], sizes: Sequence[tuple[int, int]] | None = None) -> Fingerprints:
    """Fingerprints of some images.

    Args:
        images: ``(height, width, 1 or 3)`` each.
        sizes: height and width of each before it was reduced; None: they were not.

    >>> picture = np.arange(192, dtype=np.uint8).reshape(8, 8, 3)
    >>> found = fingerprint([picture, picture.copy(), 255 - picture])
    >>> (found.digest[0] == found.digest).tolist()
    [True, True, False]
    """
    import cv2

    found = empty(len(images))
    squares = np.empty((len(images), _HASHED, _HASHED), np.float32)
    for number, image in enumerate(images):
        height, width = image.shape[:2]
        if image.shape[2] == 3 and _is_grey(image):
            image = image[:, :, :1]
        image = np.ascontiguousarray(image)
        grey = image[:, :, 0] if image.shape[2] == 1 else np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
        mean, deviation = cv2.meanStdDev(image)
        found.size[number] = *(sizes[number] if sizes else (height, width)), image.shape[2]
        found.mean[number] = mean[:, 0] / 255
        found.flat[number] = deviation.max() < 1e-6
        found.deviation[number] = (deviation[0, 0] if image.shape[2] == 1 else cv2.meanStdDev(grey)[1][0, 0]) / 255
        seal = hashlib.blake2b(image.data, digest_size=8, person=f"{height}x{width}".encode()[:16])
        found.digest[number] = int.from_bytes(seal.digest(), "little")
        squares[number] = _resized(grey, _HASHED)
        found.thumbnail[number] = _resized(grey, SIDE)
    found.hash[:] = _hashes(squares)
    return found


def _is_grey(image: NDArray[np.uint8]) -> bool:
    middle = image[image.shape[0] // 2]
    if (middle[:, 0] != middle[:, 1]).any():
        return False
    return bool((image[:, :, 0] == image[:, :, 1]).all() and (image[:, :, 0] == image[:, :, 2]).all())


def _resized(grey: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    import cv2

    shrinks = min(grey.shape) >= side
    return np.asarray(
        cv2.resize(grey, (side, side), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR), np.uint8
    )


def _hashes(squares: NDArray[np.float32]) -> NDArray[np.uint64]:
    """Signs, about their median, of the low frequencies of the cosine transform; the mean is left out.

    Source: Zauner 2010, "Implementation and Benchmarking of Perceptual Image Hash Functions", section 3.2.1.
    """
    place = np.arange(_HASHED) + 0.5
    cosines = np.cos(math.pi / _HASHED * np.outer(np.arange(1, _LOW + 1), place)).astype(np.float32)
    low = (cosines @ squares @ cosines.T).reshape(len(squares), _LOW * _LOW)
    bits = low > np.median(low, axis=1, keepdims=True)
    return np.packbits(bits, axis=1).view(np.uint64)[:, 0]
