"""Tests of burnish.verbs.data."""

import pytest

from burnish.common.errors import InputError
from burnish.data.named import catalogue, locate
from burnish.verbs.data import Data, command


@pytest.fixture(autouse=True)
def nothing_here(monkeypatch, tmp_path):
    """No set is anywhere but in the packages."""
    monkeypatch.delenv("BURNISH_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(locate, "DEBIAN", tmp_path / "debian")


def where(name):
    return command(Data(pattern=name)).data["data"][0]["where"]


def test_every_named_set_has_its_row():
    outcome = command(Data())
    assert [row["name"] for row in outcome.data["data"]] == catalogue.names()
    for name in catalogue.names():
        assert f"\n{name} " in outcome.text


def test_a_set_is_bundled_computed_or_to_download():
    assert where("digits") == "bundled"
    assert where("points") == "computed"
    assert where("fashion-mnist") == "to download, 31 MB"


def test_a_set_that_cannot_be_downloaded_says_where_to_put_it(tmp_path):
    assert where("cifar10-jpeg") == f"to put into {tmp_path}/cache/burnish/cifar10-jpeg"


def test_a_set_that_is_here_says_where(monkeypatch, tmp_path):
    folder = tmp_path / "mine" / "tiny-shakespeare"
    folder.mkdir(parents=True)
    (folder / "input.txt").write_text("To be")
    monkeypatch.setenv("BURNISH_DATA", str(tmp_path / "mine"))
    assert where("tiny-shakespeare") == f"at {folder}"


def test_a_pattern_that_matches_nothing_is_named():
    with pytest.raises(
        InputError, match=r"no data set matches 'mnst' \(did you mean 'mnist'\?\): expected a pattern for"
    ):
        command(Data(pattern="mnst"))
