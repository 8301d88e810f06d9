"""Samples of an image folder: kept decoded in memory, or read when they are asked for."""

from __future__ import annotations

import math
import os
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from burnish.common.errors import InputError
from burnish.data.images.decode import load_image, read_image, verify
from burnish.data.images.file_list import FileList
from burnish.data.source import Source, TensorSource

if TYPE_CHECKING:
    from burnish.data.images.decoders import Pixels

_FIRST = 8
_CHUNK = 32
_WORTH_A_THREAD = 50e-6
"""Seconds a file must take before threads win: below it they only pass Python's lock around."""


class PathedTensorSource(TensorSource):
    """Images in memory that still know which file each came from.

    Args:
        inputs: bytes, ``(samples, C, H, W)``.
        targets: class of each, ``(samples,)``.
        paths: file of each.
    """

    targets: Tensor

    def __init__(self, inputs: Tensor, targets: Tensor, paths: FileList) -> None:
        super().__init__(inputs, targets)
        self.paths = paths

    def rows(self, index: Tensor) -> PathedTensorSource:
        """A copy of some samples, as they are held."""
        held = index.to(self.inputs.device)
        return PathedTensorSource(self.inputs[held], self.targets[held], self.paths.take(index))

    def to(self, device: torch.device) -> PathedTensorSource:
        """The same samples, held on a device."""
        return PathedTensorSource(self.inputs.to(device), self.targets.to(device), self.paths)

    def describe(self, index: int) -> str:
        """The path of the file."""
        return self.paths[index]


class ImageFolderSource(Source):
    """Images that are decoded each time they are asked for, so that memory does not grow with their number.

    Args:
        paths: the files.
        targets: class of each, ``(samples,)``.
        shape: ``(C, H, W)`` that every image is brought to.
    """

    def __init__(self, paths: FileList, targets: Tensor, shape: tuple[int, ...]) -> None:
        self.paths = paths
        self.targets = targets
        self.shape = shape

    def __len__(self) -> int:
        return len(self.paths)

    def gather(self, index: Tensor) -> tuple[Any, Any]:
        """Float images in [0, 1], ``(batch, C, H, W)``, and their classes.

        Raises:
            InputError: a file cannot be read.
        """
        images = torch.empty(len(index), *self.shape, dtype=torch.uint8)
        for row, number in enumerate(index.tolist()):
            images[row] = load_image(self.paths[number], self.shape)
        return images.float().div_(255), self.targets[index]

    def originals(self, index: Tensor) -> tuple[Iterator[Pixels], Any]:
        """The decoded files at their own sizes, and their classes.

        Raises:
            InputError: a file cannot be read; raised when its turn comes.
        """
        return (read_image(self.paths[number], self.shape[0]) for number in index.tolist()), self.targets[index]

    def labels(self) -> Tensor:
        """Class of every file."""
        return self.targets

    def describe(self, index: int) -> str:
        """The path of the file."""
        return self.paths[index]


def decoded_images(
    paths: FileList, targets: Tensor, shape: tuple[int, ...], skip_unreadable: bool
) -> tuple[PathedTensorSource, list[str]]:
    """Decode every file into memory, on all cores.

    Returns:
        The source, and the files that were left out.

    Raises:
        InputError: a file cannot be read and ``skip_unreadable`` is False.
    """
    images = torch.empty(len(paths), *shape, dtype=torch.uint8)

    def decode(number: int) -> None:
        images[number] = load_image(paths[number], shape)

    good, bad = _readable(decode, paths, skip_unreadable)
    if not bad:
        return PathedTensorSource(images, targets, paths), []
    return PathedTensorSource(images[good], targets[good], paths.take(good)), bad


def lazy_images(
    paths: FileList, targets: Tensor, shape: tuple[int, ...], skip_unreadable: bool
) -> tuple[ImageFolderSource, list[str]]:
    """Leave the files where they are; with ``skip_unreadable`` look at each once and leave out the broken ones."""
    if not skip_unreadable:
        return ImageFolderSource(paths, targets, shape), []
    good, bad = _readable(lambda number: verify(paths[number]), paths, skip_unreadable)
    return ImageFolderSource(paths.take(good), targets[good], shape), bad


def _readable(read: Callable[[int], None], paths: FileList, skip: bool) -> tuple[Tensor, list[str]]:
    """Try every file on all cores: the numbers of the good ones, the paths of the bad ones."""
    good = torch.ones(len(paths), dtype=torch.bool)

    def read_some(start: int, stop: int) -> None:
        for number in range(start, min(stop, len(paths))):
            try:
                read(number)
            except InputError:
                if not skip:
                    raise
                good[number] = False

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")  # odd metadata does not make an image unreadable
        fastest = math.inf
        for number in range(_FIRST):
            began = time.perf_counter()
            read_some(number, number + 1)
            fastest = min(fastest, time.perf_counter() - began)
        threads = (os.cpu_count() or 1) if fastest > _WORTH_A_THREAD else 1
        with ThreadPoolExecutor(threads) as pool:
            pending = [pool.submit(read_some, start, start + _CHUNK) for start in range(_FIRST, len(paths), _CHUNK)]
            try:
                for done in pending:
                    done.result()
            finally:
                for waiting in pending:
                    waiting.cancel()
    return good.nonzero().flatten(), [paths[number] for number in (~good).nonzero().flatten().tolist()]
