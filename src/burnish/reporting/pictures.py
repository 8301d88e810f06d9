"""Pictures that live inside a page."""

from __future__ import annotations

import base64
import io

import numpy as np
from numpy.typing import NDArray

from burnish.common.errors import InputError

_SMALLEST, _LARGEST = 64, 256


def data_uri(array: NDArray[np.uint8]) -> str:
    """A picture as a PNG data URI that any browser shows without a file beside it.

    Small pictures are enlarged by whole factors with their pixels kept sharp; pictures beyond 256 pixels are reduced,
    so that a page of photographs stays a page.

    Args:
        array: ``(height, width)`` or ``(height, width, channels)`` with 1, 3 or 4 channels, values 0-255.

    Raises:
        InputError: another shape or dtype.

    >>> data_uri(np.zeros((8, 8), np.uint8))[:22]
    'data:image/png;base64,'
    """
    from PIL import Image

    channels = array.shape[2] if array.ndim == 3 else 1
    if array.ndim not in (2, 3) or channels not in (1, 3, 4) or 0 in array.shape or array.dtype != np.uint8:
        raise InputError(
            f"a picture must be a uint8 array of shape (height, width) or (height, width, 1, 3 or 4), "
            f"got {array.dtype} {tuple(array.shape)}"
        )
    pixels = np.ascontiguousarray(array[:, :, 0] if array.ndim == 3 and channels == 1 else array)
    short, long = sorted(pixels.shape[:2])
    factor = min(-(-_SMALLEST // short), max(1, _LARGEST // long))
    image = Image.fromarray(pixels.repeat(factor, axis=0).repeat(factor, axis=1))
    image.thumbnail((_LARGEST, _LARGEST))
    file = io.BytesIO()
    image.save(file, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
