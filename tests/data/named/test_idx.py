"""Tests of burnish.data.named.idx."""

import gzip
import struct
from dataclasses import replace

import numpy as np
import pytest
import torch

from burnish.common.errors import InputError
from burnish.data.named.catalogue import entry
from burnish.data.named.idx import read_idx, read_idx_set

CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def as_idx(array):
    code = CODES[array.dtype.str[1:]]
    header = bytes([0, 0, code, array.ndim]) + b"".join(struct.pack(">I", size) for size in array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


@pytest.mark.parametrize("dtype", CODES)
@pytest.mark.parametrize("packed", [False, True])
def test_every_type_of_value_is_read(tmp_path, dtype, packed):
    values = np.arange(24).reshape(2, 3, 4).astype(dtype)
    content = as_idx(values)
    (tmp_path / "a").write_bytes(gzip.compress(content) if packed else content)
    assert torch.equal(read_idx(tmp_path / "a"), torch.from_numpy(values))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not an IDX file: it starts with nothing"),
        (b"\x89PNG\r\n", "is not an IDX file: it starts with 89504e47"),
        (as_idx(np.zeros((2, 2), np.uint8))[:-1], "is damaged: 16 bytes are expected, 15 came"),
        (as_idx(np.zeros((2, 2), np.uint8)) + b"x", "is damaged: 16 bytes are expected, 17 came"),
        (as_idx(np.zeros((2, 2), np.uint8))[:6], "is damaged: it ends within its header"),
        (gzip.compress(as_idx(np.zeros((20, 20), np.uint8)), mtime=0)[:-6], r"is damaged \(Compressed file ended"),
    ],
)
def test_a_file_that_is_none_or_not_whole_is_named(tmp_path, content, message):
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_idx(tmp_path / "a")


def small_set(tmp_path, labels=6):
    images = np.arange(6 * 28 * 28).reshape(6, 28, 28).astype(np.uint8)
    files = {}
    for prefix, count in (("train", 6), ("t10k", 2)):
        for name, values in (
            ("images-idx3", images[:count]),
            ("labels-idx1", np.arange(min(count, labels), dtype="u1")),
        ):
            files[f"{prefix}-{name}-ubyte.gz"] = tmp_path / f"{prefix}-{name}"
            files[f"{prefix}-{name}-ubyte.gz"].write_bytes(as_idx(values))
    return replace(entry("mnist"), samples=6, test_samples=2), files, images


def test_a_set_has_its_images_and_labels_by_split(tmp_path):
    known, files, images = small_set(tmp_path)
    splits = read_idx_set(known, files)
    assert {name: len(source) for name, source in splits.items()} == {"train": 6, "test": 2}
    inputs, targets = splits["train"].gather(torch.tensor([5]))
    assert torch.equal(inputs, torch.from_numpy(images[5]).float().div(255)[None, None])
    assert targets.tolist() == [5]


def test_a_set_with_too_few_labels_is_refused(tmp_path):
    known, files, _ = small_set(tmp_path, labels=5)
    with pytest.raises(
        InputError, match=r"the train files of mnist hold images \(6, 28, 28\) and labels \(5,\), not 6"
    ):
        read_idx_set(known, files)
