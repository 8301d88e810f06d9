"""Tests of burnish.diagnosis.data.folder."""

import pytest

from burnish.common.errors import InputError
from burnish.diagnosis.data.folder import read_folder


def touch(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")


def codes(folder):
    return [finding.code for finding in folder.findings]


def test_class_folders_are_the_training_split(tmp_path):
    touch(tmp_path, "cat/1.png", "cat/2.jpg", "dog/1.png")
    folder = read_folder(tmp_path)
    assert folder.classes == ("cat", "dog")
    assert folder.labels.tolist() == [0, 0, 1]
    assert folder.splits.tolist() == [0, 0, 0]
    assert folder.has_splits == ()
    assert folder.findings == ()


def test_split_folders_are_told_apart(tmp_path):
    touch(tmp_path, "train/cat/1.png", "train/dog/1.png", "val/cat/1.png", "val/dog/1.png", "Test/cat/1.png")
    touch(tmp_path, "Test/dog/1.png")
    folder = read_folder(tmp_path)
    assert folder.has_splits == ("train", "validation", "test")
    assert sorted(folder.splits.tolist()) == [0, 0, 1, 1, 2, 2]


def test_what_loading_refuses_is_reported(tmp_path):
    touch(tmp_path, "train/cat/1.png", "train/dog/1.png", "test/cat/1.png", "test/bird/1.png", "extra/a.png")
    (tmp_path / "train" / "fox").mkdir()
    folder = read_folder(tmp_path)
    assert folder.classes == ("bird", "cat", "dog")
    found = {finding.code: finding for finding in folder.findings}
    assert found["empty-class"].examples[0].note == "train/fox"
    told = [example.note for example in found["class-missing-in-split"].examples]
    assert told == ["'bird' has no image in train", "'dog' has no image in test"]
    assert found["left-out-files"].severity == "info"


def test_one_class_is_an_error(tmp_path):
    touch(tmp_path, "cat/1.png")
    assert codes(read_folder(tmp_path)) == ["one-class"]


def test_hidden_files_are_no_finding(tmp_path):
    touch(tmp_path, "cat/1.png", "dog/1.png", "cat/.DS_Store", "__MACOSX/cat/1.png")
    assert codes(read_folder(tmp_path)) == []


def test_a_folder_without_images_is_named(tmp_path):
    touch(tmp_path, "notes/a.txt")
    with pytest.raises(InputError, match=r"no image in a class folder of .*: expected .*/CLASS/"):
        read_folder(tmp_path)
    with pytest.raises(InputError, match=r"no image folder at .*nowhere: no such path"):
        read_folder(tmp_path / "nowhere")
