"""Tests of burnish.data.named.locate."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from burnish.common.errors import InputError
from burnish.data.named import locate as module
from burnish.data.named.catalogue import RemoteFile, entry
from burnish.data.named.locate import cache_folder, find, locate, search_folders


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    """Every place that is searched, inside a folder of this test."""
    for name in ("user", "cache", "debian"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("BURNISH_DATA", str(tmp_path / "user"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(module, "DEBIAN", tmp_path / "debian")
    return tmp_path


def put(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).write_text("content")
    return folder


MNIST = [file.name for file in entry("mnist").files]


def test_the_users_folder_comes_first_then_the_cache_then_debian(places):
    order = [places / "debian" / "mnist", places / "cache" / "burnish" / "mnist", places / "user" / "mnist"]
    for folder in order:
        put(folder, *MNIST)
        assert {path.parent for path in locate(entry("mnist")).values()} == {folder}
    assert search_folders("mnist") == order[::-1]


def test_a_folder_without_all_the_files_is_passed_over(places):
    put(places / "user" / "mnist", *MNIST[:3])
    put(places / "debian" / "mnist", *MNIST)
    assert next(iter(locate(entry("mnist")).values())).parent == places / "debian" / "mnist"


def test_unpacked_copies_count(places):
    put(places / "user" / "mnist", *(name.removesuffix(".gz") for name in MNIST))
    assert locate(entry("mnist"))[MNIST[0]].name == "train-images-idx3-ubyte"


def test_what_is_nowhere_is_fetched_into_the_cache(places, monkeypatch, capsys):
    def fake(urls, to, *, sha256, size, progress):
        assert sha256 == hashlib.sha256(b"content").hexdigest()
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(b"content")
        return to

    monkeypatch.setattr(module, "download", fake)
    file = RemoteFile("input.txt", hashlib.sha256(b"content").hexdigest(), 7, ("https://nowhere.test/",))
    found = locate(replace(entry("tiny-shakespeare"), files=(file,)))
    assert found == {"input.txt": cache_folder() / "tiny-shakespeare" / "input.txt"}
    assert "downloading tiny-shakespeare/input.txt" in capsys.readouterr().err
    assert find(entry("tiny-shakespeare")) == found


def test_what_cannot_be_fetched_says_what_to_put_where(places):
    with pytest.raises(
        InputError, match=r"cifar10-jpeg cannot be downloaded: put cifar10-jpeg\.tar\.gz into .*cifar10-jpeg"
    ):
        locate(entry("cifar10-jpeg"))


def test_a_failed_download_names_a_different_set_that_is_here(places, monkeypatch):
    def fail(*arguments, **options):
        raise InputError("cannot download cifar-10-binary.tar.gz")

    monkeypatch.setattr(module, "download", fail)
    put(places / "user" / "cifar10-jpeg", "cifar10-jpeg.tar.gz")
    with pytest.raises(InputError, match=r"cifar-10-binary\.tar\.gz; cifar10-jpeg is here, a different set"):
        locate(entry("cifar10"))


def test_a_burnish_data_that_is_no_folder_is_named(monkeypatch):
    monkeypatch.setenv("BURNISH_DATA", "/no/such/folder")
    with pytest.raises(InputError, match="BURNISH_DATA is set to '/no/such/folder', which is not a folder"):
        locate(entry("mnist"))


def test_the_cache_is_in_the_home_folder_unless_set(monkeypatch):
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache" / "burnish"
