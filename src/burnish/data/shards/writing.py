"""Writing a data set of images as shards in the WebDataset layout."""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
import torch

from burnish.common.errors import InputError
from burnish.common.files import fsync_folder
from burnish.common.seeding import generator
from burnish.data.data import Data, Split
from burnish.data.images.decode import verify
from burnish.data.images.source import ImageFolderSource
from burnish.data.shards.index import ROW, Index, Shard
from burnish.data.source import Source, Subset

SIZE = 256 * 10**6
"""Bytes of a shard by default: enough that reading one is sequential, few enough to copy one by hand."""

_TOGETHER = 64
_END = bytes(2 * tarfile.BLOCKSIZE)
_SPLITS: tuple[Split, ...] = ("train", "validation", "test")


@dataclass(frozen=True)
class Written:
    """The index of what was written, and whether pixels had to be rounded to bytes."""

    index: Index
    rounded: bool


def write_shards(
    data: Data,
    folder: Path,
    *,
    size: int = SIZE,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
) -> Written:
    """Write every split as tar files of ``NUMBER.jpg`` and ``NUMBER.cls``, with an index beside them.

    Files go in as they are, images from memory as PNG, without loss where their pixels are bytes. Samples are shuffled
    by the seed, so that reading from front to back does not go class by class. A split that is the only one makes
    ``000000.tar`` and on, several make ``train-000000.tar`` and so forth. The same data, size and seed give the same
    bytes. All is written into a folder beside, which gets its name when everything is on disk: there is never half a
    set under ``folder``.

    Args:
        data: images of classes.
        folder: where to write; it must not exist, or be empty.
        size: bytes that a shard has at most, unless one sample alone has more.
        seed: decides the order.
        progress: called with the number of samples written so far.

    Raises:
        InputError: the data are no images of classes, the folder is taken, or an image cannot be read.
        OSError: the disk is full or cannot be written; nothing stays.
    """
    if (data.schema.kind, data.schema.goal) != ("image", "classification"):
        raise InputError(
            f"{data.name} is {data.schema.kind} data for {data.schema.goal}: shards hold images of classes"
        )
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise InputError(f"{folder} is there already: shards are never written over; give another --to, or remove it")
    making = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    try:
        making.mkdir(parents=True)
        written = _write(data, making, size, seed, progress or (lambda count: None))
        written.index.write(making)
        try:
            making.rename(folder)
        except OSError as error:
            raise InputError(f"cannot give the shards their name {folder}: {(error.strerror or '').lower()}") from None
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise
    fsync_folder(folder.parent)
    return written


def _write(data: Data, folder: Path, size: int, seed: int, progress: Callable[[int], None]) -> Written:
    present = [split for split in _SPLITS if len(getattr(data, split))]
    shards: list[Shard] = []
    rows: list[tuple[int, ...]] = []
    rounded = False
    for split in present:
        source: Source = getattr(data, split)
        order = torch.randperm(len(source), generator=generator(seed, "shards", split))
        samples = _samples(source, order)
        prefix = f"{split}-" if len(present) > 1 else ""
        first, before, sample = len(rows), len(shards), next(samples, None)
        while sample is not None:
            shard = _Writing(folder, Shard(f"{prefix}{len(shards) - before:06d}.tar", split, 0, 0), size)
            with shard:
                while sample is not None and shard.has_room(sample):
                    offset = shard.add(f"{len(rows) - first:09d}", sample)
                    rows.append((offset, len(sample.image), zlib.crc32(sample.image), len(shards), sample.label))
                    rounded |= sample.rounded
                    progress(len(rows))
                    sample = next(samples, None)
            shards.append(shard.written())
    return Written(Index(data.name, data.schema, tuple(shards), np.array(rows, ROW), checked=True), rounded)


class _Sample(NamedTuple):
    suffix: str
    image: bytes
    label: int
    rounded: bool


class _Writing:
    """One shard in the making; on disk when it is left without an error."""

    def __init__(self, folder: Path, shard: Shard, size: int) -> None:
        self._shard = shard
        self._most = size - len(_END)
        self._file: IO[bytes] = open(folder / shard.path, "xb")  # noqa: SIM115 - closed on exit
        self._digest = hashlib.sha256()
        self._samples = self._bytes = 0

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._file:
            if kind is None:
                self._write(_END)
                self._file.flush()
                os.fsync(self._file.fileno())

    def has_room(self, sample: _Sample) -> bool:
        return self._samples == 0 or self._bytes + 3 * tarfile.BLOCKSIZE + _padded(len(sample.image)) <= self._most

    def add(self, key: str, sample: _Sample) -> int:
        offset = self._bytes + tarfile.BLOCKSIZE
        self._write(_member(key + sample.suffix, sample.image) + _member(f"{key}.cls", str(sample.label).encode()))
        self._samples += 1
        return offset

    def written(self) -> Shard:
        return replace(self._shard, samples=self._samples, bytes=self._bytes, sha256=self._digest.hexdigest())

    def _write(self, block: bytes) -> None:
        self._file.write(block)
        self._digest.update(block)
        self._bytes += len(block)


def _padded(size: int) -> int:
    return -(-size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE


def _member(name: str, content: bytes) -> bytes:
    """A file in a tar: header, content, zeros up to the next block. No time and no owner, so that bytes repeat."""
    header = tarfile.TarInfo(name)
    header.size = len(content)
    return header.tobuf(tarfile.USTAR_FORMAT) + content + bytes(_padded(len(content)) - len(content))


def _samples(source: Source, order: torch.Tensor) -> Iterator[_Sample]:
    holder = source
    while isinstance(holder, Subset):
        holder = holder.source
    return _files(source, order) if isinstance(holder, ImageFolderSource) else _arrays(source, order)


def _files(source: Source, order: torch.Tensor) -> Iterator[_Sample]:
    labels = source.labels()
    assert labels is not None
    for number in order.tolist():
        path = Path(source.describe(number))
        verify(path)
        yield _Sample(path.suffix.lower(), path.read_bytes(), int(labels[number]), rounded=False)


def _arrays(source: Source, order: torch.Tensor) -> Iterator[_Sample]:
    import cv2

    for index in order.split(_TOGETHER):
        images, labels = source.gather(index)
        scaled = images * 255
        pixels = scaled.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()
        rounded = bool((scaled - scaled.round()).abs().max() > 1e-3)
        for image, label in zip(pixels, labels.tolist(), strict=True):
            code = cv2.COLOR_RGB2BGR if image.shape[2] == 3 else None
            _, packed = cv2.imencode(".png", image if code is None else cv2.cvtColor(image, code))
            yield _Sample(".png", packed.tobytes(), label, rounded)
