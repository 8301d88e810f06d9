"""Tests of burnish.verbs.predicting.input_files."""

import pytest

from burnish.common.errors import InputError
from burnish.verbs.predicting.input_files import input_files


@pytest.fixture
def folder(tmp_path):
    for name in ("b.png", "a.PNG", "notes.txt", "deep/c.jpg", ".hidden.png", ".git/d.png", "__MACOSX/e.png", "[x].png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def found(folder, *words):
    files = input_files([str(folder / word) for word in words], {".png", ".jpg"}, "image")
    return [file.removeprefix(f"{folder}/") for file in files]


def test_a_folder_gives_its_images_at_any_depth_in_order(folder):
    assert found(folder, ".") == ["[x].png", "a.PNG", "b.png", "deep/c.jpg"]


def test_files_keep_the_order_given_whatever_their_suffix(folder):
    assert found(folder, "notes.txt", "b.png", "b.png") == ["notes.txt", "b.png", "b.png"]


def test_patterns_are_followed_as_a_shell_would(folder):
    assert found(folder, "*.png") == ["[x].png", "b.png"]
    assert found(folder, "**/*.jpg") == ["deep/c.jpg"]
    assert found(folder, "d*") == ["deep/c.jpg"]


def test_a_name_that_looks_like_a_pattern_is_a_name_first(folder):
    assert found(folder, "[x].png") == ["[x].png"]


def test_what_is_not_there_is_named_with_the_closest(folder):
    with pytest.raises(
        InputError, match=r"there is no file '.*bb\.png' \(did you mean 'b\.png'\?\): expected image files"
    ):
        found(folder, "bb.png")
    with pytest.raises(InputError, match=r"no file matches '.*\*\.bmp'"):
        found(folder, "*.bmp")
    (folder / "empty").mkdir()
    with pytest.raises(InputError, match=r"folder '.*empty' has no image files: expected \.jpg, \.png"):
        found(folder, "empty")
