"""Tests of burnish.data.shards.pattern."""

import pytest

from burnish.common.errors import InputError
from burnish.data.shards.index import FORMAT
from burnish.data.shards.pattern import expand, names_shards, shard_files


def touch(folder, *names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).touch()
    return folder


def test_a_range_keeps_its_zeros_and_two_braces_multiply():
    assert expand("a-{008..010}.tar") == ["a-008.tar", "a-009.tar", "a-010.tar"]
    assert expand("{a,b}/{0..1}.tar") == ["a/0.tar", "a/1.tar", "b/0.tar", "b/1.tar"]
    assert expand("plain.tar") == ["plain.tar"]


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("{3..1}.tar", r"the range \{3\.\.1\} in '\{3\.\.1\}\.tar' runs backwards: write \{1\.\.3\}"),
        ("{3-9}.tar", r"'\{3-9\}' in '\{3-9\}\.tar' is no range: expected \{0000\.\.0107\}"),
        ("{0..99999}{0..99}.tar", "stands for more than 1000000 shards"),
    ],
)
def test_braces_that_mean_nothing_are_refused(pattern, message):
    with pytest.raises(InputError, match=message):
        expand(pattern)


def test_a_folder_stands_for_its_tars_and_a_star_for_what_matches(tmp_path):
    folder = touch(tmp_path / "s", "1.tar", "0.tar", "readme.txt", ".2.tar")
    expected = [str(folder / "0.tar"), str(folder / "1.tar")]
    assert shard_files(str(folder)) == expected
    assert shard_files(f"{folder}/*.tar") == expected
    assert shard_files(f"{folder}/{{0..1}}.tar") == expected
    assert shard_files(f"{folder}/1.tar") == expected[1:]


def test_a_missing_shard_is_named(tmp_path):
    folder = touch(tmp_path / "s", "0.tar", "2.tar")
    with pytest.raises(InputError, match=r"1 of the 3 shards that '.*' names are missing, the first is .*/s/1\.tar"):
        shard_files(f"{folder}/{{0..2}}.tar")
    with pytest.raises(InputError, match="no shard matches"):
        shard_files(f"{folder}/x*.tar")


def test_training_and_test_shards_in_one_folder_are_not_mixed_by_themselves(tmp_path):
    folder = touch(tmp_path / "s", "train-0.tar", "train-1.tar", "val-0.tar")
    with pytest.raises(InputError, match=r"shards of several names \(train-\*\.tar, val-\*\.tar\)"):
        shard_files(str(folder))


def test_an_image_folder_is_no_set_of_shards_even_with_an_index_of_something_else(tmp_path):
    folder = touch(tmp_path / "photos", "index.json")
    assert not names_shards(str(folder))
    (folder / "index.json").write_text(f'{{"format": "{FORMAT}"}}')
    assert names_shards(str(folder))
    assert names_shards(str(touch(tmp_path / "tars", "0.tar")))
    assert names_shards("anywhere/{0..9}.tar")
    assert not names_shards("fashion-mnist")
