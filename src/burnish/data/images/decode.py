"""Image files to bytes in memory: any common format, one orientation, grey or RGB."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from burnish.common.errors import InputError
from burnish.data.images.decoders import GREY_MODES, decode

if TYPE_CHECKING:
    from burnish.data.images.decoders import Pixels

SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"})


def read_image(path: str | os.PathLike[str], channels: int | None = None) -> Pixels:
    """Decode a file to bytes, ``(height, width, channels)``, upright and in RGB order.

    Transparency is dropped onto white; CMYK and palettes become RGB; 16 bits become the upper 8; of several frames the
    first is taken; colour profiles are ignored. Plain files go through OpenCV, which decodes a small JPEG in less than
    half of Pillow's time and gives the same bytes; everything else goes through Pillow.

    Args:
        path: jpg, png, webp, bmp, gif or tiff.
        channels: 1 or 3; None keeps what the file has (1 for grey, 3 for the rest).

    Raises:
        InputError: the file is missing, truncated, or no image.
    """
    try:
        with open(path, "rb") as file:
            data = file.read()
        return with_channels(decode(data), channels)
    except _unreadable() as error:
        raise unreadable(path, error) from None


def probe(path: str | os.PathLike[str]) -> tuple[int, int, int]:
    """Height, width and channels (1 or 3) of an image as it will be decoded, from its header alone.

    Raises:
        InputError: the file is missing or no image.
    """
    from PIL import Image

    try:
        with Image.open(path) as image:
            width, height = image.size
            # A TIFF's size is upright already; a PNG would be decoded whole in search of EXIF data behind its pixels.
            has_exif = image.format != "TIFF" and (image.format != "PNG" or "exif" in image.info)
            if has_exif and image.getexif().get(0x0112, 1) >= 5:
                width, height = height, width
            return height, width, 1 if image.mode in GREY_MODES else 3
    except _unreadable() as error:
        raise unreadable(path, error) from None


def verify(path: str | os.PathLike[str]) -> None:
    """Check that an image looks whole: its header, its checksums where the format has them, its end where it has one.

    Raises:
        InputError: the file is missing, truncated, or no image.
    """
    from PIL import Image

    try:
        with Image.open(path) as image:
            image.verify()
            has_checksums = image.format == "PNG"
        if has_checksums:
            return
        with open(path, "rb") as file:
            start = file.read(2)
            file.seek(max(0, os.path.getsize(path) - 2))
            ended = start == b"\xff\xd8" and file.read() == b"\xff\xd9"
    except _unreadable() as error:
        raise unreadable(path, error) from None
    if not ended:
        read_image(path)


def resize(image: Pixels, size: int | tuple[int, int]) -> Pixels:
    """Cut out the largest centred part of the wanted proportions and scale it to ``size``: a side, or height and width.

    That is the shorter side scaled to ``size``, then a centre crop. Shrinking averages areas, enlarging is bilinear.

    >>> resize(np.full((40, 60, 3), 7, np.uint8), 20).shape
    (20, 20, 3)
    """
    height, width = (size, size) if isinstance(size, int) else size
    old_height, old_width = image.shape[:2]
    if (old_height, old_width) == (height, width):
        return image
    scale = min(old_height / height, old_width / width)
    cut_height, cut_width = max(1, round(height * scale)), max(1, round(width * scale))
    top, left = (old_height - cut_height) // 2, (old_width - cut_width) // 2
    cut = image[top : top + cut_height, left : left + cut_width]
    if (cut_height, cut_width) == (height, width):
        return cut

    import cv2

    scaled = cv2.resize(cut, (width, height), interpolation=cv2.INTER_AREA if scale > 1 else cv2.INTER_LINEAR)
    return np.asarray(scaled, np.uint8).reshape(height, width, image.shape[2])  # OpenCV drops a single channel


def load_image(path: str | os.PathLike[str], shape: tuple[int, ...]) -> Tensor:
    """A file as a model's input: bytes of the given ``(C, H, W)``; divide by 255 for the [0, 1] that models expect.

    Raises:
        InputError: the file is missing, truncated, or no image.
    """
    channels, height, width = shape
    pixels = resize(read_image(path, channels), (height, width))
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))


def unreadable(path: str | os.PathLike[str], error: Exception) -> InputError:
    """The error for an image that cannot be read."""
    reason = "it is not an image" if type(error).__name__ == "UnidentifiedImageError" else str(error)
    if isinstance(error, OSError) and error.strerror:
        reason = error.strerror.lower()
    reason = " ".join(reason.split()) or type(error).__name__
    return InputError(f"cannot read image {Path(path)}: {reason}; --skip-unreadable leaves such files out")


def _unreadable() -> tuple[type[Exception], ...]:
    """What Pillow raises on broken files; its decoders let several plain exceptions through."""
    from PIL import Image

    return (OSError, SyntaxError, ValueError, EOFError, IndexError, OverflowError, Image.DecompressionBombError)


def with_channels(pixels: Pixels, channels: int | None) -> Pixels:
    """Grey or RGB bytes ``(height, width, C)`` with 1 or 3 channels; None keeps what there is.

    >>> with_channels(np.full((2, 2, 1), 9, np.uint8), 3).shape
    (2, 2, 3)
    """
    if channels is None or channels == pixels.shape[2]:
        return pixels
    import cv2

    if channels == 3:
        return np.repeat(pixels, 3, axis=2)
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)[:, :, None]
