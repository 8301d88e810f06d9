"""Tests of burnish.data.named.cifar."""

import io
import tarfile

import numpy as np
import pytest
import torch

from burnish.common.errors import InputError
from burnish.data.named.cifar import read_cifar10


def archive_of(path, parts):
    with tarfile.open(path, "w:gz") as tar:
        for name, records in parts.items():
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            info.size = len(records)
            tar.addfile(info, io.BytesIO(records))
    return path


def records(count, seed):
    return np.random.default_rng(seed).integers(0, 10, (count, 3073), dtype=np.uint8)


def test_labels_and_planes_come_from_their_places(tmp_path):
    parts = {f"data_batch_{part}.bin": records(2, part) for part in range(1, 6)} | {"test_batch.bin": records(3, 9)}
    splits = read_cifar10(archive_of(tmp_path / "c.tar.gz", {name: part.tobytes() for name, part in parts.items()}))
    assert {name: len(source) for name, source in splits.items()} == {"train": 10, "test": 3}
    third = parts["data_batch_2.bin"][0]
    inputs, targets = splits["train"].gather(torch.tensor([2]))
    assert targets.tolist() == [third[0]]
    assert torch.equal(inputs[0, 1], torch.from_numpy(third[1025:2049]).float().div(255).view(32, 32))


def test_a_missing_or_short_part_is_named(tmp_path):
    parts = {f"data_batch_{part}.bin": records(2, part).tobytes() for part in range(1, 6)}
    with pytest.raises(InputError, match=r"has no whole test_batch\.bin: expected the binary version of CIFAR-10"):
        read_cifar10(archive_of(tmp_path / "c.tar.gz", parts))
    parts |= {"test_batch.bin": records(2, 0).tobytes(), "data_batch_4.bin": b"short"}
    with pytest.raises(InputError, match=r"has no whole data_batch_4\.bin"):
        read_cifar10(archive_of(tmp_path / "c.tar.gz", parts))


def test_a_damaged_archive_is_named(tmp_path):
    (tmp_path / "c.tar.gz").write_bytes(b"not an archive")
    with pytest.raises(InputError, match=r"c\.tar\.gz is damaged"):
        read_cifar10(tmp_path / "c.tar.gz")
