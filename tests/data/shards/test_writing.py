"""Tests of burnish.data.shards.writing."""

import hashlib
import os
import tarfile

import numpy as np
import pytest
import torch

from burnish.common.errors import InputError
from burnish.data import Data, DataOptions, Schema, TensorSource, load
from burnish.data.images.folder import load_image_folder
from burnish.data.shards.index import read_index
from burnish.data.shards.writing import write_shards


@pytest.fixture
def folder(photos):
    return load_image_folder(photos(), DataOptions(cache_mb=0, validation=0.0, test=0.0), seed=0)


def in_memory(images, labels):
    schema = Schema("image", "classification", tuple(images.shape[1:]), classes=("a", "b"))
    return Data("arrays", schema, TensorSource(images, labels), *(TensorSource(images[:0], labels[:0]),) * 2)


def test_shards_hold_the_bytes_of_the_files_with_their_labels(folder, tmp_path, photos):
    index = write_shards(folder, tmp_path / "s", size=4096).index
    originals = {path.read_bytes(): path.parent.name for path in (tmp_path / "photos").rglob("*.png")}
    found = []
    for shard in index.shards:
        with tarfile.open(tmp_path / "s" / shard.path) as archive:
            assert [name[9:] for name in archive.getnames()] == [".png", ".cls"] * shard.samples
            members = {info.name: archive.extractfile(info).read() for info in archive}
        images = {name.removesuffix(".png"): data for name, data in members.items() if name.endswith(".png")}
        assert len(images) == shard.samples == len(members) // 2
        for key, data in images.items():
            assert originals[data] == index.schema.classes[int(members[f"{key}.cls"])]
            found.append(data)
    assert sorted(found) == sorted(originals)


def test_files_are_no_larger_than_asked_and_as_the_index_says(folder, tmp_path):
    index = write_shards(folder, tmp_path / "s", size=8192).index
    assert len(index.shards) > 2
    for shard in index.shards:
        content = (tmp_path / "s" / shard.path).read_bytes()
        assert len(content) == shard.bytes <= 8192
        assert hashlib.sha256(content).hexdigest() == shard.sha256
    assert sum(shard.samples for shard in index.shards) == len(index.rows) == 20
    assert read_index(tmp_path / "s").rows.tolist() == index.rows.tolist()


def test_a_sample_larger_than_a_shard_gets_one_alone(folder, tmp_path):
    index = write_shards(folder, tmp_path / "s", size=1).index
    assert [shard.samples for shard in index.shards] == [1] * 20


def test_classes_are_mixed_and_the_seed_decides_how(folder, tmp_path):
    labels = [
        write_shards(folder, tmp_path / str(number), seed=seed).index.rows["label"].tolist()
        for number, seed in enumerate((0, 0, 1))
    ]
    assert labels[0] == labels[1] != labels[2]
    assert labels[0] != sorted(labels[0])
    assert (tmp_path / "0/000000.tar").read_bytes() == (tmp_path / "1/000000.tar").read_bytes()


def test_splits_go_to_shards_of_their_own(tmp_path, photos):
    data = load(photos(count=3, splits=("train", "test")), validation=0.0, cache_mb=0)
    index = write_shards(data, tmp_path / "s", size=4096).index
    assert {shard.path.rpartition("-")[0] for shard in index.shards} == {"train", "test"}
    assert {split: len(rows) for split, rows in index.splits.items()} == {"train": 6, "test": 6}
    assert next(shard.path for shard in index.shards if shard.split == "test") == "test-000000.tar"


@pytest.mark.parametrize("channels", [1, 3])
def test_arrays_become_png_without_loss(channels, tmp_path):
    images = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (70, channels, 6, 5), np.uint8))
    written = write_shards(in_memory(images, torch.arange(70) % 2), tmp_path / "s")
    assert not written.rounded
    back = load(str(tmp_path / "s"), validation=0.0, test=0.0)
    assert back.schema.input_shape == (channels, 6, 5)
    pixels, labels = back.train.gather(torch.arange(70))
    key = {
        tuple(image.flatten().tolist()): int(label) for image, label in zip(images, torch.arange(70) % 2, strict=True)
    }
    for image, label in zip((pixels * 255).round().to(torch.uint8), labels, strict=True):
        assert key[tuple(image.flatten().tolist())] == label


def test_pixels_that_are_no_bytes_are_rounded_and_that_is_said(tmp_path):
    written = write_shards(in_memory(torch.full((2, 1, 4, 4), 0.3), torch.tensor([0, 1])), tmp_path / "s")
    assert written.rounded


def test_nothing_is_written_over(folder, tmp_path):
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "mine.txt").write_text("keep")
    with pytest.raises(InputError, match=r"/s is there already: shards are never written over; give another --to"):
        write_shards(folder, tmp_path / "s")
    assert os.listdir(tmp_path / "s") == ["mine.txt"]
    (tmp_path / "s" / "mine.txt").unlink()
    write_shards(folder, tmp_path / "s")


def test_an_unreadable_file_leaves_nothing_behind(folder, tmp_path):
    (tmp_path / "photos/dog/05.png").write_bytes(b"no image")
    with pytest.raises(InputError, match=r"cannot read image .*dog/05\.png: it is not an image"):
        write_shards(folder, tmp_path / "s", size=4096)
    assert sorted(os.listdir(tmp_path)) == ["photos"]


def test_another_writer_that_was_faster_keeps_its_shards(folder, tmp_path):
    def progress(done):
        if done == 20:
            (tmp_path / "s").mkdir()
            (tmp_path / "s/theirs").touch()

    with pytest.raises(InputError, match=r"cannot give the shards their name .*/s: directory not empty"):
        write_shards(folder, tmp_path / "s", progress=progress)
    assert os.listdir(tmp_path / "s") == ["theirs"]
    assert sorted(os.listdir(tmp_path)) == ["photos", "s"]


def test_only_images_of_classes_become_shards(tmp_path):
    points = TensorSource(torch.zeros(3, 2))
    data = Data("ring", Schema("points", "generation", (2,)), points, points, points)
    with pytest.raises(InputError, match="ring is points data for generation: shards hold images of classes"):
        write_shards(data, tmp_path / "s")
