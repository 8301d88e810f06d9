"""Tests of burnish.data.shards.scan."""

import os

import pytest
import torch

from burnish.common.errors import InputError
from burnish.data.images.decode import read_image
from burnish.data.shards import scan as module
from burnish.data.shards.scan import indexed, scan
from burnish.data.shards.source import ShardSource

from .conftest import png


def test_numbers_and_images_come_from_the_members(tar, tmp_path):
    first = tar("s/0.tar", ("a.png", 1), ("a.cls", b"2\n"), ("b.cls", b"0"), ("b.png", 2))
    second = tar("s/1.tar", ("c.json", b'{"label": 2, "width": 12}'), ("c.png", 3))
    index = scan([str(first), str(second)], "s")
    assert index.schema.classes == ("0", "1", "2")
    assert index.schema.input_shape == (3, 12, 12)
    source = ShardSource([str(first), str(second)], index.rows, (3, 12, 12), checked=False)
    images, labels = source.gather(torch.arange(3))
    assert labels.tolist() == [2, 0, 2]
    for seed, image in zip((1, 2, 3), images, strict=True):
        (tmp_path / "one.png").write_bytes(png(seed))
        assert torch.equal(image, torch.from_numpy(read_image(tmp_path / "one.png")).permute(2, 0, 1) / 255)


def test_labels_may_be_names(tar):
    path = tar("0.tar", ("a.png", 1), ("a.cls", b"dog"), ("b.png", 2), ("b.json", b'{"label": "cat"}'))
    index = scan([str(path)], "s")
    assert index.schema.classes == ("cat", "dog")
    assert index.rows["label"].tolist() == [1, 0]


def test_images_of_several_sizes_get_one(tar):
    sizes = [(20, 30), (40, 50), (60, 45)]
    path = tar(
        "0.tar", *(m for i, size in enumerate(sizes) for m in ((f"{i}.png", png(i, size, "L")), (f"{i}.cls", b"1")))
    )
    assert scan([str(path)], "s").schema.input_shape == (1, 40, 40)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([("a.png", 1)], r"sample a in shard .* at byte 512 has no label, only \.png: expected NAME\.jpg"),
        ([("a.cls", b"1"), ("a.txt", b"x")], r"sample a in shard .* at byte 512 has no image, only \.cls, \.txt"),
        (
            [("a.png", 1), ("a.jpg", 1), ("a.cls", b"1")],
            r"sample a in .* has two images, \.png and \.jpg: expected one",
        ),
        ([("a.png", 1), ("b.png", 1), ("a.cls", b"1")], r"sample a in .* has no label.*must follow one another"),
        ([("a.png", 1), ("a.cls", b"")], r"sample a in shard .* has no label that can be read in \.cls"),
        ([("a.png", 1), ("a.json", b'{"class": 1}')], r"has no label that can be read in \.json"),
        ([("a.png", 1), ("a.json", b'{"label": tru')], r"has no label that can be read in \.json"),
        ([("a.png", 1), ("a.json", b'{"label": 1.5}')], r"has no label that can be read in \.json"),
        ([("a.png", 1), ("a.cls", b"-1")], r"has the label -1: expected a number from 0 to 999999"),
        (
            [("a.png", 1), ("a.cls", b"1"), ("b.png", 2), ("b.cls", b"dog")],
            r"some labels .* are numbers \(1\) and some are names \('dog'\)",
        ),
        ([], r"shard .*0\.tar has no samples"),
        ([("a.png", b"no image"), ("a.cls", b"1")], r"cannot read image a\.png in shard .*: it is not an image"),
    ],
)
def test_a_sample_that_cannot_be_used_is_named(members, message, tar):
    with pytest.raises(InputError, match=message):
        scan([str(tar("0.tar", *members))], "s")


def test_the_index_is_made_once_and_again_when_a_shard_changes(tar, monkeypatch, capsys):
    path = str(tar("0.tar", ("a.png", 1), ("a.cls", b"1"), ("b.png", 2), ("b.cls", b"0")))
    first, note = indexed([path], "s")
    assert "their index is kept in" in note
    assert capsys.readouterr().err == "reading the headers of 1 shards, once\n"
    with monkeypatch.context() as patched:
        patched.setattr(module, "scan", None)
        again, note = indexed([path], "s")
    assert note is None
    assert again.rows.tolist() == first.rows.tolist()
    assert (again.shards, again.schema, again.checked) == (first.shards, first.schema, False)
    tar("0.tar", ("a.png", 1), ("a.cls", b"1"))
    assert len(indexed([path], "s")[0].rows) == 1


def test_a_cache_that_cannot_be_written_is_said_and_does_no_harm(tar, tmp_path):
    path = str(tar("0.tar", ("a.png", 1), ("a.cls", b"1")))
    (tmp_path / "cache").write_text("a file in the way")
    index, note = indexed([path], "s")
    assert len(index.rows) == 1
    assert "could not be kept" in note


def test_a_damaged_cache_is_made_anew(tar, tmp_path):
    path = str(tar("0.tar", ("a.png", 1), ("a.cls", b"1")))
    indexed([path], "s")
    (kept,) = (tmp_path / "cache").rglob("samples.npy")
    os.truncate(kept, 10)
    assert len(indexed([path], "s")[0].rows) == 1
