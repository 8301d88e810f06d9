"""Tests of burnish.verbs.data_shard."""

import json
import os

import pytest
import torch

from burnish.common.errors import InputError
from burnish.data import load
from burnish.verbs.data_shard import DataShard, command, read_size


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda handle: None)


@pytest.fixture
def photos(tmp_path):
    """Two classes of five grey images, and the same for the test."""
    from PIL import Image

    for split in ("train", "test"):
        for label, name in enumerate(("cat", "dog")):
            folder = tmp_path / "photos" / split / name
            folder.mkdir(parents=True)
            for number in range(5):
                Image.new("L", (8, 8), 100 * label + 10 * number).save(folder / f"{number}.png")
    return tmp_path / "photos"


def test_a_folder_becomes_shards_that_load_says_are_the_same(photos, tmp_path, capsys):
    outcome = command(DataShard(data=str(photos), to=tmp_path / "s", size="5KB"))
    assert outcome.data["samples"] == {"train": 10, "test": 10}
    assert f"burnish fit --data {tmp_path / 's'}" in outcome.text
    assert json.loads(outcome.json())["classes"] == ["cat", "dog"]
    assert capsys.readouterr().err == f"writing 20 images to {tmp_path / 's'}\n"
    shards, folder = load(str(tmp_path / "s"), validation=0.0, cache_mb=0), load(str(photos), validation=0.0)
    assert shards.schema == folder.schema
    for split in ("train", "test"):
        assert greys_and_labels(shards.split(split)) == greys_and_labels(folder.split(split))


def greys_and_labels(source):
    images, labels = source.gather(torch.arange(len(source)))
    return sorted(zip(images[:, 0, 0, 0].tolist(), labels.tolist(), strict=True))


def test_a_named_set_keeps_its_own_splits_alone(tmp_path):
    outcome = command(DataShard(data="digits", to=tmp_path / "s"))
    assert outcome.data["samples"] == {"train": 1797}
    assert "the pixels are no whole bytes: they were rounded to 8 bits" in outcome.text


def test_unreadable_files_stop_it_or_are_left_out_and_told(photos, tmp_path):
    (photos / "train/cat/0.png").write_bytes(b"no image")
    with pytest.raises(InputError, match=r"cannot read image .*cat/0\.png: it is not an image; --skip-unreadable"):
        command(DataShard(data=str(photos), to=tmp_path / "s"))
    outcome = command(DataShard(data=str(photos), to=tmp_path / "s", skip_unreadable=True))
    assert outcome.data["samples"] == {"train": 9, "test": 10}
    assert "skipped 1 unreadable of 20 images" in outcome.text


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("iris", "iris is table data for classification: shards hold images of classes"),
        ("nowhere", "'nowhere' is neither a folder of images nor a named set of images"),
    ],
)
def test_only_images_of_classes_become_shards(data, message, tmp_path):
    with pytest.raises(InputError, match=message):
        command(DataShard(data=data, to=tmp_path / "s"))
    assert not (tmp_path / "s").exists()


def test_skipping_means_nothing_for_a_set_in_memory(tmp_path):
    with pytest.raises(InputError, match="skip_unreadable means nothing for the set digits: leave it out"):
        command(DataShard(data="digits", to=tmp_path / "s", skip_unreadable=True))


def test_sizes_are_read_with_their_units():
    assert [read_size(text) for text in ("4096", "100 kB", "0.5GiB", "1GB")] == [4096, 100_000, 2**29, 10**9]
    with pytest.raises(InputError, match="size '12 parsecs' is no number of bytes: write it like 256MB"):
        read_size("12 parsecs")
    with pytest.raises(InputError, match="a shard of 10 bytes holds no image: give at least 4096"):
        read_size("10")
