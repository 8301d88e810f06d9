"""CIFAR-10 from its binary version: the python version is a pickle, which may carry code."""

from __future__ import annotations

import tarfile
import zlib
from pathlib import Path

import numpy as np
import torch

from burnish.common.errors import InputError
from burnish.data.source import Source, TensorSource

_RECORD = 1 + 3 * 32 * 32


def read_cifar10(archive: Path) -> dict[str, Source]:
    """Read ``cifar-10-binary.tar.gz`` without unpacking it.

    Source: Krizhevsky 2009, "Learning multiple layers of features from tiny images"; the layout (a label byte, then
    red, green and blue planes) is on the data set's page.

    Raises:
        InputError: the archive is damaged, or lacks a part.
    """
    wanted = {"train": [f"data_batch_{part}.bin" for part in range(1, 6)], "test": ["test_batch.bin"]}
    contents = {}
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                file = tar.extractfile(member)
                if file is not None:
                    contents[Path(member.name).name] = file.read()
    except (tarfile.ReadError, OSError, EOFError, zlib.error) as error:
        raise InputError(f"{archive} is damaged ({error}): delete it and fetch it again") from None
    splits: dict[str, Source] = {}
    for split, parts in wanted.items():
        missing = [part for part in parts if not contents.get(part) or len(contents[part]) % _RECORD]
        if missing:
            raise InputError(f"{archive} has no whole {missing[0]}: expected the binary version of CIFAR-10")
        records = np.concatenate([np.frombuffer(contents[part], np.uint8).reshape(-1, _RECORD) for part in parts])
        labels = torch.from_numpy(records[:, 0].astype(np.int64))
        splits[split] = TensorSource(torch.from_numpy(records[:, 1:].copy()).view(-1, 3, 32, 32), labels)
    return splits
