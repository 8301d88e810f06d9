"""Tests of burnish.data.shards.index."""

import json

import numpy as np
import pytest

from burnish.common.errors import InputError
from burnish.data.schema import Schema
from burnish.data.shards.index import INDEX, ROW, SAMPLES, Index, Shard, has_index, read_index

SCHEMA = Schema("image", "classification", (3, 8, 8), classes=("a", "b"))


@pytest.fixture
def written(tmp_path):
    """An index of three shards, two of them for training, with one sample each and one more in the last."""
    shards = tuple(
        Shard(name, split, samples, 10, "ab")
        for name, split, samples in (("0.tar", "train", 1), ("1.tar", "train", 1), ("t.tar", "test", 2))
    )
    rows = np.array([(512, 5, 1, 0, 0), (512, 6, 2, 1, 1), (512, 7, 3, 2, 0), (2048, 8, 4, 2, 1)], ROW)
    Index("pets", SCHEMA, shards, rows, checked=True).write(tmp_path)
    for shard in shards:
        (tmp_path / shard.path).write_bytes(bytes(10))
    return tmp_path


def test_what_is_written_is_read(written):
    index = read_index(written)
    assert (index.name, index.schema, index.checked) == ("pets", SCHEMA, True)
    assert [shard.path for shard in index.shards] == [str(written / name) for name in ("0.tar", "1.tar", "t.tar")]
    assert {split: rows["size"].tolist() for split, rows in index.splits.items()} == {"train": [5, 6], "test": [7, 8]}
    assert has_index(written)


def test_some_shards_are_an_index_of_their_own(written):
    index = read_index(written, only=[str(written / "t.tar"), str(written / "1.tar"), "/elsewhere.tar"])
    assert [shard.split for shard in index.shards] == ["train", "test"]
    assert index.rows["shard"].tolist() == [0, 1, 1]
    assert index.splits["test"]["checksum"].tolist() == [3, 4]


def test_shards_that_are_not_asked_for_may_be_away(written):
    (written / "0.tar").unlink()
    assert len(read_index(written, only=[str(written / "1.tar")]).rows) == 1
    with pytest.raises(InputError, match=r"shard .*/0\.tar is missing, and 1 samples with it: bring it back"):
        read_index(written)


@pytest.mark.parametrize(("size", "what"), [(9, "truncated"), (11, "another file")])
def test_a_shard_of_another_size_is_refused(size, what, written):
    (written / "1.tar").write_bytes(bytes(size))
    with pytest.raises(InputError, match=rf"1\.tar is {what}: it has {size} bytes where .*index\.json says 10"):
        read_index(written)


def test_damaged_rows_are_refused(written):
    content = bytearray((written / SAMPLES).read_bytes())
    content[-1] ^= 1
    (written / SAMPLES).write_bytes(content)
    with pytest.raises(InputError, match=r"samples\.npy is not what .*index\.json says \(wrong checksum\)"):
        read_index(written)
    (written / SAMPLES).unlink()
    with pytest.raises(InputError, match=r"cannot read .*samples\.npy: no such file or directory; bring it back"):
        read_index(written)


def test_a_damaged_or_newer_index_is_refused(written):
    plain = json.loads((written / INDEX).read_text())
    (written / INDEX).write_text(json.dumps(plain | {"version": 2}))
    with pytest.raises(InputError, match="has version 2, this burnish reads up to 1: use a newer burnish"):
        read_index(written)
    (written / INDEX).write_text(json.dumps(plain)[:80])
    with pytest.raises(InputError, match="is no index of shards that burnish can read"):
        read_index(written)
