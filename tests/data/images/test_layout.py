"""Tests of burnish.data.images.layout."""

import pytest

from burnish.common.errors import InputError
from burnish.data.images.layout import find_layout


def touch(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def relative(files, root):
    return [files.paths[number].removeprefix(f"{root}/") for number in range(len(files.paths))]


def test_class_folders_become_labels_in_the_order_of_their_names(tmp_path):
    layout = find_layout(touch(tmp_path, "dog/2.jpg", "dog/1.PNG", "cat/a.webp"))
    assert layout.classes == ("cat", "dog")
    assert relative(layout.splits["train"], tmp_path) == ["cat/a.webp", "dog/1.PNG", "dog/2.jpg"]
    assert layout.splits["train"].labels.tolist() == [0, 1, 1]
    assert layout.notes == ()


@pytest.mark.parametrize("validation", ["val", "valid", "validation", "Val"])
def test_split_folders_are_found_under_their_usual_names(tmp_path, validation):
    layout = find_layout(
        touch(tmp_path, *(f"{split}/{name}/1.jpg" for split in ("train", validation, "test") for name in "ab"))
    )
    assert set(layout.splits) == {"train", "validation", "test"}
    assert layout.classes == ("a", "b")
    assert relative(layout.splits["validation"], tmp_path) == [f"{validation}/a/1.jpg", f"{validation}/b/1.jpg"]


def test_a_class_may_be_called_train(tmp_path):
    assert find_layout(touch(tmp_path, "train/1.jpg", "bus/1.jpg")).classes == ("bus", "train")


def test_hidden_files_and_archive_leftovers_do_not_count(tmp_path):
    touch(tmp_path, "a/1.jpg", "b/1.jpg", "a/._1.jpg", ".git/x.jpg", "__MACOSX/1.jpg", ".DS_Store")
    layout = find_layout(tmp_path)
    assert layout.classes == ("a", "b")
    assert len(layout.splits["train"].paths) == 2
    assert layout.notes == ()


def test_what_is_left_out_is_counted(tmp_path):
    touch(tmp_path, "train/a/1.jpg", "train/b/1.jpg", "train/b/notes.txt", "stray.jpg", "README.md", "docs/x.jpg")
    assert find_layout(tmp_path).notes == (
        "left out folder 'docs': it is neither train, validation nor test",
        "left out 3 files that are no image in a class folder",
    )


def test_symbolic_links_to_class_folders_are_followed(tmp_path):
    touch(tmp_path, "elsewhere/1.jpg", "root/a/1.jpg")
    (tmp_path / "root" / "b").symlink_to(tmp_path / "elsewhere")
    assert find_layout(tmp_path / "root").classes == ("a", "b")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["1.jpg", "2.jpg"], r"2 images lie directly in .*: expected one folder per class, .*/CLASS/\*\.jpg or"),
        ([".hidden"], r"has no images: expected one folder per class"),
        (["a/1.jpg", "b/notes.txt"], r"class folder .*/b has no images: put images in it or remove it"),
        (["x/a/1.jpg", "y/a/1.jpg"], r"class folder .*/x has no images: it holds folders, so name the folder"),
        (["a/1.jpg"], r"has one class only \('a'\): telling classes apart needs a folder for each of two or more"),
        (["train/a/1.jpg", "test/a/1.jpg"], r"train has one class only \('a'\)"),
        (
            ["train/a/1.jpg", "train/b/1.jpg", "test/a/1.jpg", "test/c/1.jpg"],
            r"the classes in .*/train and .*/test differ: 'test' lacks b; 'train' lacks c",
        ),
        (["test/a/1.jpg", "test/b/1.jpg"], r"has a folder 'test' but no folder 'train': expected"),
        (
            ["train/a/1.jpg", "val/a/1.jpg", "valid/a/1.jpg"],
            r"has two folders for the validation split, one is 'valid': keep one",
        ),
    ],
)
def test_a_layout_that_cannot_be_used_is_explained_in_one_line(tmp_path, names, message):
    touch(tmp_path, *names)
    with pytest.raises(InputError, match=message) as caught:
        find_layout(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_missing_folder_and_a_file_are_told_apart(tmp_path):
    with pytest.raises(InputError, match=r"no image folder at .*/nowhere: no such path"):
        find_layout(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"no image folder at .*/a\.jpg: it is a file"):
        find_layout(touch(tmp_path, "a.jpg") / "a.jpg")
