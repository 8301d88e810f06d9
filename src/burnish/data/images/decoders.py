"""The two decoders of image files: OpenCV for plain JPEG and PNG, Pillow for everything else."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    Pixels = NDArray[np.uint8]

GREY_MODES = frozenset({"1", "L", "LA", "La", "I", "F", "I;16", "I;16B", "I;16L", "I;16N"})
"""The modes of Pillow that hold one grey value a pixel."""


def decode(data: bytes) -> Pixels:
    """The bytes of an image file as ``(height, width, 1 or 3)``, upright, in RGB order, on white.

    Raises:
        Exception: one of Pillow's many, for a broken file; :mod:`burnish.data.images.decode` makes it a line.
    """
    pixels = _by_opencv(data)
    return _by_pillow(data) if pixels is None else pixels


def _by_opencv(data: bytes) -> Pixels | None:
    """Decode what OpenCV decodes fast and exactly as Pillow does, else None."""
    grey = _plain(data)
    if grey is None:
        return None
    import cv2

    flag = cv2.IMREAD_GRAYSCALE if grey else cv2.IMREAD_COLOR_RGB
    found = cv2.imdecode(np.frombuffer(data, np.uint8), flag)
    if found is None:
        return None
    pixels = np.asarray(found, np.uint8)
    return pixels[:, :, None] if grey else pixels


def _plain(data: bytes) -> bool | None:
    """Whether a whole JPEG or PNG of 8 bits without transparency is grey (True) or RGB (False); None for anything else.

    The end is looked at as well: OpenCV would fill a truncated file up with grey instead of refusing it.
    """
    if data[:2] == b"\xff\xd8" and data[-2:] == b"\xff\xd9":
        return {1: True, 3: False}.get(_jpeg_channels(data))
    if data[:8] == b"\x89PNG\r\n\x1a\n" and data[-8:-4] == b"IEND" and data[24] == 8:
        return {0: True, 2: False}.get(data[25]) if b"tRNS" not in data[: data.find(b"IDAT")] else None
    return None


def _jpeg_channels(data: bytes) -> int:
    """Colour channels in the frame header of a JPEG (ITU-T T.81, B.2.2); 0 where there is no such header."""
    at = 2
    while at + 9 < len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return data[at + 9]
        at += 2 + int.from_bytes(data[at + 2 : at + 4])
    return 0


def _by_pillow(data: bytes) -> Pixels:
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(data)) as file:
        image: Image.Image = file
        grey = image.mode in GREY_MODES
        if image.has_transparency_data:
            image.load()
            layer = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
        elif grey and image.mode not in ("1", "L"):
            image = _to_8_bits(image)
        image = ImageOps.exif_transpose(image.convert("L" if grey else "RGB"))
        pixels = np.array(image)
    return pixels[:, :, None] if grey else pixels


def _to_8_bits(image: Image) -> Image:
    """Deeper greys: 16 bits lose their lower 8; floats are taken as [0, 1] where they lie in it, else as 0 to 255."""
    from PIL import Image as Pillow

    values = np.array(image)
    if values.dtype.kind == "f":
        values = np.nan_to_num(values)
        values = values * 255 if values.max(initial=0) <= 1 else values
    elif values.max(initial=0) > 255 or values.dtype == np.uint16:
        values = values.astype(np.int64) >> 8
    deep = Pillow.fromarray(values.clip(0, 255).astype(np.uint8))
    deep.info.update(image.info)
    return deep
