"""Tests of burnish.data.named.archive."""

import io
import stat
import tarfile
import zipfile

import pytest

from burnish.common.errors import InputError
from burnish.data.named.archive import extract


def tar_with(path, *members, mode="w:gz"):
    with tarfile.open(path, mode) as tar:
        for member in members:
            info = tarfile.TarInfo(member) if isinstance(member, str) else member
            content = b"hello" if info.isreg() else b""
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def special(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = target
    return info


def test_a_tar_is_unpacked(tmp_path):
    to = extract(tar_with(tmp_path / "a.tar.gz", "train/cat/1.txt", "test/dog/2.txt"), tmp_path / "out")
    assert (to / "train/cat/1.txt").read_text() == "hello"
    assert (to / "test/dog/2.txt").read_text() == "hello"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tar.gz", "out"]


def test_a_zip_is_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as whole:
        whole.writestr("cat/1.txt", "hello")
    assert (extract(tmp_path / "a.zip", tmp_path / "out") / "cat/1.txt").read_text() == "hello"


def test_what_is_unpacked_already_is_not_unpacked_again(tmp_path):
    (tmp_path / "out").mkdir()
    assert extract(tmp_path / "missing.tar", tmp_path / "out") == tmp_path / "out"


def test_a_link_inside_is_kept(tmp_path):
    archive = tar_with(tmp_path / "a.tar", "cat/1.txt", special("cat/2.txt", tarfile.SYMTYPE, "1.txt"), mode="w")
    assert (extract(archive, tmp_path / "out") / "cat/2.txt").read_text() == "hello"


@pytest.mark.parametrize(
    ("member", "why"),
    [
        ("../outside.txt", "'../outside.txt' has '..' in its path"),
        ("cat/../../outside.txt", "has '..' in its path"),
        ("/tmp/outside.txt", "'/tmp/outside.txt' has an absolute path"),
        ("C:\\outside.txt", "has an absolute path"),
        (special("link", tarfile.SYMTYPE, "../.."), "'link' leads out of the folder"),
        (special("link", tarfile.SYMTYPE, "/etc"), "'link' leads out of the folder"),
        (special("link", tarfile.LNKTYPE, "../outside.txt"), "'link' leads out of the folder"),
        (special("null", tarfile.CHRTYPE), "'null' is a device or a pipe"),
        (special("pipe", tarfile.FIFOTYPE), "'pipe' is a device or a pipe"),
    ],
    ids=["parent", "hidden parent", "absolute", "drive", "link up", "link away", "hard link", "device", "pipe"],
)
def test_a_member_that_would_do_harm_is_refused_and_nothing_is_left(tmp_path, member, why):
    inner = tmp_path / "inner"
    inner.mkdir()
    archive = tar_with(inner / "a.tar.gz", "cat/1.txt", member)
    with pytest.raises(InputError, match="is refused, nothing was unpacked") as caught:
        extract(archive, inner / "out")
    assert why in str(caught.value)
    assert [path.name for path in inner.iterdir()] == ["a.tar.gz"]
    assert [path.name for path in tmp_path.iterdir()] == ["inner"]


@pytest.mark.parametrize("name", ["../outside.txt", "/outside.txt", "a\\..\\..\\outside.txt"])
def test_a_zip_with_a_harmful_name_is_refused(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as whole:
        whole.writestr(name, "hello")
    with pytest.raises(InputError, match="is refused, nothing was unpacked"):
        extract(tmp_path / "a.zip", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_a_zip_with_a_link_is_refused(tmp_path):
    info = zipfile.ZipInfo("link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as whole:
        whole.writestr(info, "/etc/passwd")
    with pytest.raises(InputError, match="its member 'link' is a link or a device"):
        extract(tmp_path / "a.zip", tmp_path / "out")


@pytest.mark.parametrize("content", [b"", b"not an archive at all", None], ids=["empty", "other", "truncated"])
def test_a_damaged_archive_is_named_and_nothing_is_left(tmp_path, content):
    archive = tar_with(tmp_path / "a.tar.gz", *(f"{number}.txt" for number in range(2000)))
    archive.write_bytes(archive.read_bytes()[:3000] if content is None else content)
    with pytest.raises(InputError, match=r"a\.tar\.gz is not a whole tar or zip archive"):
        extract(archive, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["a.tar.gz"]
