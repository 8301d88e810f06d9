"""Image files to fingerprints, on all cores, a chunk at a time."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from burnish.common.errors import InputError
from burnish.data.images.decode import probe, read_image
from burnish.data.images.file_list import FileList
from burnish.diagnosis.data.fingerprints import Fingerprints, empty, fingerprint

_CHUNK = 64
_LARGE_FILE = 256 * 1024
_LARGE_SIDE = 1024


def fingerprint_files(
    files: FileList, progress: Callable[[int], None] | None = None
) -> tuple[Fingerprints, dict[int, str]]:
    """Read every file once. Of large JPEGs half, a quarter or an eighth of the resolution is decoded.

    Args:
        files: the image files.
        progress: told how many files were read since it was last told.

    Returns:
        One row a file, and the reason for each that cannot be read, by number; its row is empty.
    """
    found = empty(len(files))
    broken: dict[int, str] = {}
    lock = threading.Lock()

    def read_some(start: int) -> None:
        stop = min(start + _CHUNK, len(files))
        good: list[int] = []
        images: list[NDArray[np.uint8]] = []
        sizes: list[tuple[int, int]] = []
        wrong = {}
        for number in range(start, stop):
            try:
                image, size = _read(files[number])
            except InputError as error:
                wrong[number] = str(error)
                continue
            good.append(number)
            images.append(image)
            sizes.append(size)
        rows = fingerprint(images, sizes)
        if len(good) == stop - start:
            found.put(start, rows)
        else:
            for row, number in enumerate(good):
                found.put(number, rows.take(np.array([row])))
        with lock:
            broken.update(wrong)
            if progress is not None:
                progress(stop - start)

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")  # odd metadata does not make an image unreadable
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            pending = [pool.submit(read_some, start) for start in range(0, len(files), _CHUNK)]
            try:
                for done in pending:
                    done.result()
            finally:
                for waiting in pending:
                    waiting.cancel()
    return found, dict(sorted(broken.items()))


def _read(path: str) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """The pixels of a file and its full height and width."""
    try:
        large = os.path.getsize(path) >= _LARGE_FILE
    except OSError:
        large = False  # reading it says what is wrong
    if large:
        height, width, channels = probe(path)
        reduced = _reduced(path, max(height, width), channels)
        if reduced is not None:
            return reduced, (height, width)
    image = read_image(path)
    return image, (image.shape[0], image.shape[1])


def _reduced(path: str, side: int, channels: int) -> NDArray[np.uint8] | None:
    """A large, whole JPEG at the smallest scale that leaves half of ``_LARGE_SIDE``; None for anything else."""
    import cv2

    scale = next((scale for scale in (8, 4, 2) if side >= scale * _LARGE_SIDE // 2), 1)
    with open(path, "rb") as file:
        data = file.read()
    if scale == 1 or data[:2] != b"\xff\xd8" or data[-2:] != b"\xff\xd9":
        return None
    flag = getattr(cv2, f"IMREAD_REDUCED_{'GRAYSCALE' if channels == 1 else 'COLOR'}_{scale}")
    image = cv2.imdecode(np.frombuffer(data, np.uint8), flag)
    if image is None:
        return None
    return np.asarray(image if image.ndim == 2 else image[:, :, ::-1], np.uint8).reshape(*image.shape[:2], channels)
