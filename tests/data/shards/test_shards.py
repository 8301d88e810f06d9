"""Tests of burnish.data.shards.shards."""

import pytest
import torch

from burnish.common.errors import InputError
from burnish.data import DataOptions, load
from burnish.data.shards.shards import load_shards
from burnish.data.shards.source import ShardSource
from burnish.data.shards.writing import write_shards


@pytest.fixture
def shards(tmp_path, photos):
    """Write a folder of photos as shards; gives where."""

    def write(splits=("",), size=4096, **options):
        data = load(
            photos(splits=splits, **options),
            cache_mb=0,
            **{} if "train" in splits else {"validation": 0.0, "test": 0.0},
        )
        write_shards(data, tmp_path / "s", size=size)
        return tmp_path / "s"

    return write


def loaded(origin, seed=0, cache_mb=0, **options):
    return load_shards(str(origin), DataOptions(cache_mb=cache_mb, **options), seed)


def names(source):
    return {source.describe(number) for number in range(len(source))}


def test_a_set_without_splits_is_split_by_the_seed_and_nothing_is_lost(shards):
    data = loaded(shards(), validation=0.2, test=0.1)
    parts = [names(split) for split in (data.train, data.validation, data.test)]
    assert [len(part) for part in parts] == [14, 4, 2]
    assert len(set.union(*parts)) == 20
    assert data.validation.labels().bincount().tolist() == [2, 2]
    assert names(loaded(data.origin, validation=0.2, test=0.1).test) == parts[2]
    assert names(loaded(data.origin, seed=1, validation=0.2, test=0.1).test) != parts[2]


def test_every_split_knows_the_order_on_disk(shards):
    data = loaded(shards())
    assert all(isinstance(split, ShardSource) for split in (data.train, data.validation, data.test))


def test_a_small_set_is_kept_decoded_and_a_large_one_is_read_while_training(shards):
    folder = shards()
    kept, read = loaded(folder, cache_mb=1), loaded(folder)
    for name in ("train", "validation", "test"):
        ours, theirs = kept.split(name), read.split(name)
        assert (ours.in_memory, theirs.in_memory) == (True, False)
        index = torch.arange(len(ours))
        assert torch.equal(ours.gather(index)[0], theirs.gather(index)[0])
        assert names(ours) == names(theirs)
    assert any("more than cache_mb=0: shards are read while training" in note for note in read.notes)
    assert not any("cache_mb" in note for note in kept.notes)


def test_splits_of_the_set_are_kept(shards):
    data = loaded(shards(splits=("train", "validation", "test"), count=3))
    assert [len(split) for split in (data.train, data.validation, data.test)] == [6, 6, 6]
    assert all("test-" in name for name in names(data.test))
    with pytest.raises(InputError, match=r"the data has a test split of its own: leave out test=0\.1"):
        loaded(data.origin, test=0.1)


def test_the_schema_is_that_of_the_photos_and_input_size_changes_it(shards):
    folder = shards(size=4096)
    data = loaded(folder)
    assert (data.name, data.schema.classes, data.schema.input_shape) == ("photos", ("cat", "dog"), (3, 12, 12))
    smaller = loaded(folder, input_size=6)
    assert smaller.schema.input_shape == (3, 6, 6)
    assert smaller.train.gather(torch.arange(2))[0].shape == (2, 3, 6, 6)
    with pytest.raises(InputError, match="input_size must be at least 1 pixel, got 0"):
        loaded(folder, input_size=0)


def test_a_pattern_takes_some_shards_with_what_the_index_says_of_them(shards):
    folder = shards()
    data = loaded(folder / "{000000..000001}.tar", validation=0.0, test=0.0)
    assert data.schema.classes == ("cat", "dog")
    assert {name.rpartition("/")[2].partition(":")[0] for name in names(data.train)} == {"000000.tar", "000001.tar"}
    assert data.train.checked
    assert data.origin == str(folder / "{000000..000001}.tar")


def test_shards_of_one_split_are_a_whole(shards):
    folder = shards(splits=("train", "validation", "test"), count=4)
    data = loaded(folder / "test-*.tar", validation=0.25, test=0.25)
    assert [len(split) for split in (data.train, data.validation, data.test)] == [4, 2, 2]
    assert "the shards are those of the test split; they are taken as a whole" in data.notes
    with pytest.raises(InputError, match="names shards of validation and test alone"):
        loaded(folder / "{validation,test}-000000.tar")


def test_shards_of_others_are_indexed_and_said_once(tar, tmp_path):
    for number in range(2):
        tar(f"s/{number}.tar", *(m for i in range(4) for m in ((f"{i}.png", i), (f"{i}.cls", str(i % 2).encode()))))
    data = loaded(tmp_path / "s/{0..1}.tar")
    assert (data.name, data.schema.classes, len(data.train) + len(data.validation) + len(data.test)) == (
        "s",
        ("0", "1"),
        8,
    )
    assert any("the headers of 2 shards were read" in note for note in data.notes)
    assert not any("headers" in note for note in loaded(tmp_path / "s").notes)


def test_one_class_is_refused(tar, tmp_path):
    tar("s/0.tar", ("0.png", 0), ("0.cls", b"0"))
    with pytest.raises(InputError, match=r"has one class only \('0'\): telling classes apart needs two or more"):
        loaded(tmp_path / "s")
