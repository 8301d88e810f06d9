"""IDX, the file format of MNIST and its relatives."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from burnish.common.errors import InputError
from burnish.data.named.catalogue import Entry
from burnish.data.source import Source, TensorSource

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_idx(path: Path) -> Tensor:
    """Read an IDX file, plain or gzipped.

    Source: LeCun, Cortes and Burges, "The MNIST database", section "File formats": two zero bytes, a type, the number
    of dimensions, each dimension as a big-endian 32-bit number, then the values.

    Raises:
        InputError: the file is of another kind or not whole.
    """
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(f"{path} is damaged ({error}): delete it and fetch it again") from None
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in _TYPES:
        raise InputError(f"{path} is not an IDX file: it starts with {content[:4].hex() or 'nothing'}")
    start = 4 + 4 * content[3]
    if len(content) < start:
        raise InputError(f"{path} is damaged: it ends within its header; fetch it again")
    shape = [int(size) for size in np.frombuffer(content[4:start], ">u4")]
    dtype = np.dtype(_TYPES[content[2]])
    expected = start + math.prod(shape) * dtype.itemsize
    if len(content) != expected:
        raise InputError(f"{path} is damaged: {expected} bytes are expected, {len(content)} came; fetch it again")
    values = np.frombuffer(content, dtype, offset=start).reshape(shape)
    return torch.from_numpy(values.astype(dtype.newbyteorder("=")))


def read_idx_set(entry: Entry, files: dict[str, Path]) -> dict[str, Source]:
    """The train and test splits of an MNIST-like set."""
    splits: dict[str, Source] = {}
    for split, prefix, count in (("train", "train", entry.samples), ("test", "t10k", entry.test_samples)):
        images = read_idx(files[f"{prefix}-images-idx3-ubyte.gz"])
        labels = read_idx(files[f"{prefix}-labels-idx1-ubyte.gz"])
        if images.shape != (count, *entry.input_shape[1:]) or labels.shape != (count,):
            raise InputError(
                f"the {split} files of {entry.name} hold images {tuple(images.shape)} and labels "
                f"{tuple(labels.shape)}, not {count} of each: fetch them again"
            )
        splits[split] = TensorSource(images.unsqueeze(1), labels.long())
    return splits
