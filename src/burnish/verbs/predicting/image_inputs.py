"""Images to predict, from files or arrays, as training prepares them."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from torch import Tensor

from burnish.common.errors import InputError
from burnish.data.arrays.arrays import as_tensor
from burnish.data.images.decode import load_image

_MOST_THREADS = 8


def read_images(
    files: Sequence[str], shape: tuple[int, ...], batch_size: int, skipped: list[str] | None
) -> Iterator[tuple[list[str], Tensor]]:
    """Batches of files and their images, decoded on several cores.

    Args:
        files: paths.
        shape: ``(C, H, W)`` that every image is brought to, as in training.
        batch_size: files per batch.
        skipped: unreadable files are put here and left out; None makes the first one an error.

    Yields:
        Paths, and images ``(batch, C, H, W)`` float32 in [0, 1].

    Raises:
        InputError: a file cannot be read, or none can.
    """
    empty = True
    with ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1)) as pool:
        for start in range(0, len(files), batch_size):
            names, images = [], []
            batch = files[start : start + batch_size]
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", module=r"PIL\.")  # odd metadata does not make an image unreadable
                decoded = list(pool.map(lambda path: _read(path, shape), batch))
            for name, image in zip(batch, decoded, strict=True):
                if isinstance(image, Tensor):
                    names.append(name)
                    images.append(image)
                elif skipped is None:
                    raise image
                else:
                    skipped.append(name)
            if names:
                empty = False
                yield names, torch.stack(images).float().div_(255)
    if empty:
        raise InputError(f"none of the {len(files)} files can be read as an image: check them, {files[0]} for one")


def _read(path: str, shape: tuple[int, ...]) -> Tensor | InputError:
    try:
        return load_image(path, shape)
    except InputError as error:
        return error


def image_tensor(value: Any, shape: tuple[int, ...]) -> Tensor:
    """Images from an array or a list of them: ``(batch, C, H, W)``, uint8 or float32 in [0, 1].

    Args:
        value: ``(C, H, W)``, ``(batch, C, H, W)``, ``(H, W)`` or ``(batch, H, W)`` where ``C`` is 1, ``(H, W, C)``, or
            ``(batch, H, W, C)``; bytes, or floats in [0, 1].
        shape: the ``(C, H, W)`` that the run takes.

    Raises:
        InputError: another shape or type, or values outside [0, 1].

    >>> image_tensor(torch.zeros(8, 6), (1, 8, 6)).shape
    torch.Size([1, 1, 8, 6])
    """
    if isinstance(value, list | tuple) and value and all(hasattr(item, "__array__") for item in value):
        parts = [as_tensor(item, "the images") for item in value]
        if len({(part.shape, part.dtype) for part in parts}) > 1:
            raise InputError("the images of a list differ in shape or type: give arrays that are alike")
        tensor = torch.stack(parts)
    else:
        tensor = as_tensor(value, "the images")
    images = _arranged(tensor, shape)
    if len(images) == 0:
        raise InputError(f"there are no images in an array of shape {tuple(tensor.shape)}: expected at least one")
    if images.dtype == torch.uint8:
        return images
    if not images.is_floating_point():
        raise InputError(f"the images are of {images.dtype}: expected uint8, or floats in [0, 1]")
    images = images.float()
    if not bool(((images >= 0) & (images <= 1)).all()):
        low, high = images.min().item(), images.max().item()
        raise InputError(
            f"the images have values from {low:.4g} to {high:.4g}: pixels must lie in [0, 1], so scale them "
            "(the model normalises them itself)"
        )
    return images


def _arranged(tensor: Tensor, shape: tuple[int, ...]) -> Tensor:
    channels, *size = shape
    found = tuple(tensor.shape)
    last = (*size, channels)
    if found == shape:
        return tensor[None]
    if found[1:] == shape:
        return tensor
    if found == last:
        return tensor.permute(2, 0, 1)[None]
    if found[1:] == last:
        return tensor.permute(0, 3, 1, 2)
    if channels == 1 and found[-2:] == tuple(size):
        if len(found) == 2:
            return tensor[None, None]
        if len(found) == 3:
            return tensor[:, None]
    raise InputError(
        f"the images have shape {found}: the run takes {shape}, (batch, {', '.join(map(str, shape))}), {last} or "
        f"(batch, {', '.join(map(str, last))}); files of any size are resized"
    )
