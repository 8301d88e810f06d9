"""Samples of shards, read by their place in the file."""

from __future__ import annotations

import os
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from burnish.common.errors import InputError
from burnish.data.images.decode import resize, with_channels
from burnish.data.images.decoders import decode
from burnish.data.shards.order import local_order
from burnish.data.source import Source

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from burnish.data.images.decoders import Pixels
    from burnish.data.shards.index import Rows

_OPEN = 64
_GO_ON = "then go on with --resume: nothing that was trained is lost"


class ShardSource(Source):
    """Images in tar files, decoded each time they are asked for.

    It holds 24 bytes a sample and no open file: every call opens what it reads, so that it can be shared with workers
    however they are started, and a shard that is gone is noticed.

    Args:
        paths: the shards.
        rows: where the samples lie in them.
        shape: ``(C, H, W)`` that every image is brought to.
        checked: compare the checksum of every sample that is read.
    """

    def __init__(self, paths: Sequence[str], rows: Rows, shape: tuple[int, ...], checked: bool) -> None:
        self.paths = tuple(paths)
        self.rows = rows
        self.shape = shape
        self.checked = checked

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, index: Tensor) -> ShardSource:
        """Some of the samples."""
        return ShardSource(self.paths, self.rows[index.numpy()], self.shape, self.checked)

    def order(self, seed: int, epoch: int) -> Tensor:
        """Sample numbers in the order in which training is to read them: see :func:`local_order`."""
        return local_order(self.rows, seed, epoch)

    def gather(self, index: Tensor) -> tuple[Any, Any]:
        """Float images in [0, 1], ``(batch, C, H, W)``, and their classes.

        Raises:
            InputError: a shard is gone, truncated or damaged, or an image cannot be decoded.
        """
        return self.pixels(index).float().div_(255), self._labels(self.rows[index.numpy()])

    def pixels(self, index: Tensor) -> Tensor:
        """The images alone, as bytes ``(batch, C, H, W)``.

        Raises:
            InputError: as :meth:`gather`.
        """
        images = torch.empty(len(index), *self.shape, dtype=torch.uint8)
        rows = self.rows[index.numpy()]
        on_disk = np.lexsort((rows["offset"], rows["shard"]))
        for place, pixels in zip(on_disk.tolist(), self._decoded(index.numpy()[on_disk]), strict=True):
            fitted = resize(pixels, (self.shape[1], self.shape[2]))
            images[place] = torch.from_numpy(np.ascontiguousarray(fitted.transpose(2, 0, 1)))
        return images

    def originals(self, index: Tensor) -> tuple[Iterator[Pixels], Any]:
        """The decoded images at their own sizes, and their classes.

        Raises:
            InputError: as :meth:`gather`; raised when an image's turn comes.
        """
        return self._decoded(index.numpy()), self._labels(self.rows[index.numpy()])

    def sizes(self) -> list[tuple[int, int, int]]:
        """Height, width and channels of every image as it lies in its shard; each is decoded for that."""
        return [pixels.shape for pixels in self._decoded(np.arange(len(self)), as_they_are=True)]

    def labels(self) -> Tensor:
        """Class of every sample."""
        return self._labels(self.rows)

    def describe(self, index: int) -> str:
        """The shard, and the sample's name in it."""
        row = self.rows[index]
        path = self.paths[row["shard"]]
        return f"{path}:{_name_of(path, int(row['offset']))}"

    @staticmethod
    def _labels(rows: Rows) -> Tensor:
        return torch.from_numpy(rows["label"].astype(np.int64))

    def _decoded(self, numbers: NDArray[np.int64], as_they_are: bool = False) -> Iterator[Pixels]:
        handles: dict[int, int] = {}
        try:
            for number in numbers.tolist():
                row = self.rows[number]
                shard = int(row["shard"])
                if shard not in handles:
                    if len(handles) == _OPEN:
                        _close(handles)
                    handles[shard] = self._open(shard)
                yield self._image(handles[shard], row, None if as_they_are else self.shape[0])
        finally:
            _close(handles)

    def _open(self, shard: int) -> int:
        path = self.paths[shard]
        try:
            return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise InputError(f"shard {path} is gone: it was there when training began; put it back, {_GO_ON}") from None
        except OSError as error:
            raise InputError(f"cannot open shard {path}: {(error.strerror or '').lower()}; {_GO_ON}") from None

    def _image(self, handle: int, row: Any, channels: int | None) -> Pixels:
        path, offset, size = self.paths[row["shard"]], int(row["offset"]), int(row["size"])
        try:
            data = os.pread(handle, size, offset)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise InputError(f"cannot read shard {path} at byte {offset}: {reason}; mend it, {_GO_ON}") from None
        if len(data) != size:
            raise InputError(
                f"shard {path} is truncated: it ends at byte {offset + len(data)}, inside the sample at byte {offset} "
                f"that has {size} bytes; copy it again from where it is whole, {_GO_ON}"
            )
        if self.checked and zlib.crc32(data) != row["checksum"]:
            raise InputError(
                f"shard {path} is damaged: sample {_name_of(path, offset)} at byte {offset} has a wrong checksum; "
                f"copy it again from where it is whole, {_GO_ON}"
            )
        try:
            return with_channels(decode(data), channels)
        except MemoryError:
            raise
        except Exception as error:  # decoders raise many kinds on broken files
            reason = "it is not an image" if "cannot identify" in str(error) else " ".join(str(error).split())
            raise InputError(
                f"cannot read image {_name_of(path, offset)} in shard {path} at byte {offset}: {reason}; write the "
                "shard again without it"
            ) from None


def _name_of(path: str, offset: int) -> str:
    """Name of the member whose data begin at a place, from the header before it; the place itself where that fails."""
    try:
        with open(path, "rb") as file:
            file.seek(offset - tarfile.BLOCKSIZE)
            return tarfile.TarInfo.frombuf(file.read(tarfile.BLOCKSIZE), "utf-8", "surrogateescape").name
    except (OSError, tarfile.TarError):
        return f"byte {offset}"


def _close(handles: dict[int, int]) -> None:
    for handle in handles.values():
        os.close(handle)
    handles.clear()
