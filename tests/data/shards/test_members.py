"""Tests of burnish.data.shards.members."""

import gzip
import re

import pytest

from burnish.common.errors import InputError
from burnish.data.shards.members import groups, members


def test_members_are_where_the_headers_say(tar):
    path = tar("a.tar", ("0.cls", b"7"), ("0.txt", b"long " * 200), ("1.cls", b""))
    found = list(members(str(path)))
    assert [member.name for member in found] == ["0.cls", "0.txt", "1.cls"]
    content = path.read_bytes()
    assert [content[m.offset : m.offset + m.size] for m in found] == [b"7", b"long " * 200, b""]


def test_long_names_and_folders_are_read(tar):
    name = "deep/" * 40 + "0.jpg"
    (group,) = groups(str(tar("a.tar", (name, b"x"))))
    assert group.key == name.removesuffix(".jpg")
    assert list(group.members) == ["jpg"]


def test_neighbours_of_one_name_are_a_sample(tar):
    path = tar("a.tar", ("a/0.JPG", b"x"), ("a/0.seg.png", b"y"), ("b/0.cls", b"1"), ("._0.jpg", b""), ("__m.txt", b""))
    found = list(groups(str(path)))
    assert [(group.key, sorted(group.members)) for group in found] == [("a/0", ["jpg", "seg.png"]), ("b/0", ["cls"])]


def test_two_members_of_one_kind_are_refused(tar):
    with pytest.raises(InputError, match=r"sample 0 in shard .*a\.tar has two members \.jpg"):
        list(groups(str(tar("a.tar", ("0.jpg", b"x"), ("0.jpg", b"y")))))


@pytest.mark.parametrize("cut", [1024 + 300, 512 + 1024, 700, 100, 3 * 512 + 512])
def test_a_truncated_tar_is_never_taken_for_a_shorter_one(cut, tar):
    path = tar("a.tar", ("0.cls", b"7"), ("0.txt", b"x" * 600))
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(InputError, match=r"shard .*a\.tar is truncated.* byte \d+.*copy it again") as caught:
        list(members(str(path)))
    assert int(re.search(r"byte (\d+)", str(caught.value))[1]) <= cut


def test_a_damaged_header_in_the_middle_is_not_taken_for_the_end(tar):
    path = tar("a.tar", ("0.cls", b"7"), ("1.cls", b"8"))
    content = bytearray(path.read_bytes())
    content[1024 + 20] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.tar is damaged: there is no header at byte 1024"):
        list(members(str(path)))


def test_tars_joined_by_cat_do_not_lose_the_second(tar):
    path = tar("a.tar", ("0.cls", b"7"))
    path.write_bytes(path.read_bytes() * 2)
    with pytest.raises(InputError, match="write it again where tars were joined by cat"):
        list(members(str(path)))


def test_a_compressed_tar_is_refused_by_its_kind(tar):
    path = tar("a.tar", ("0.cls", b"7"))
    path.write_bytes(gzip.compress(path.read_bytes()))
    with pytest.raises(InputError, match=r"is compressed \(gzip\)"):
        list(members(str(path)))


def test_a_missing_tar_is_one_line(tmp_path):
    with pytest.raises(InputError, match=r"cannot read shard .*none\.tar: no such file or directory"):
        list(members(str(tmp_path / "none.tar")))
