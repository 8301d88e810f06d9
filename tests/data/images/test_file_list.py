"""Tests of burnish.data.images.file_list."""

import pickle

import pytest
import torch

from burnish.data.images.file_list import FileList


def test_paths_come_back_as_they_went_in():
    names = ["a/1.jpg", "b/é ü.png", "c/" + "x" * 200 + ".jpg"]
    files = FileList("root", names)
    assert [files[number] for number in range(len(files))] == [f"root/{name}" for name in names]


def test_it_can_be_pickled_and_taken_from():
    files = pickle.loads(pickle.dumps(FileList("root", ["a", "b", "c"])))
    taken = files.take(torch.tensor([2, 0]))
    assert [taken[0], taken[1], len(taken)] == ["root/c", "root/a", 2]
    assert len(files.take(torch.tensor([], dtype=torch.int64))) == 0


@pytest.mark.parametrize("number", [-1, 2])
def test_numbers_out_of_range_are_refused(number):
    with pytest.raises(IndexError, match=f"file {number} of 2"):
        FileList("root", ["a", "b"])[number]


def test_a_hundred_thousand_paths_are_a_handful_of_objects():
    files = FileList("root", (f"class/{number:06}.jpg" for number in range(100_000)))
    assert len(pickle.dumps(files)) < 100_000 * (len("class/000000.jpg") + 8) + 1000
    assert files[99_999] == "root/class/099999.jpg"
