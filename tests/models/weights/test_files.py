"""Tests of burnish.models.weights.files, against a server on this machine."""

import pytest

from burnish.common.errors import InputError
from burnish.models import entry, names
from burnish.models.weights import files
from burnish.models.weights.source import parse


def test_the_users_folder_comes_first_then_the_cache_then_torchs(places):
    order = [places / "torch/hub/checkpoints", places / "cache/burnish/weights", places / "user"]
    assert files.search_folders() == order[::-1]
    for folder in order:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "a.pth").write_bytes(b"x")
        assert files.find("a.pth") == folder / "a.pth"


def test_a_path_is_taken_as_it_is(places):
    (places / "work" / "a.pth").write_bytes(b"here")
    (places / "user" / "a.pth").write_bytes(b"there")
    assert files.find("a.pth").read_bytes() == b"here"
    assert files.find("sub/a.pth") is None


@pytest.mark.parametrize("folder", ["user", "cache/burnish/weights", "torch/hub/checkpoints"])
def test_a_file_that_is_here_is_checked_and_not_fetched(places, tiny, folder):
    put = tiny.put(places / folder)
    assert files.locate(put.name) == put
    put.write_bytes(put.read_bytes()[:-1] + b"?")
    message = f"{put.name} is damaged: its sha256 begins with [0-9a-f]{{8}}, expected {tiny.digits[:8]}; delete it"
    with pytest.raises(InputError, match=message):
        files.locate(put.name)


def test_a_file_that_is_nowhere_is_fetched_into_the_cache_once(places, tiny, serve, capsys):
    name = tiny.put(places / "served").name
    to = places / "cache" / "burnish" / "weights" / name
    assert files.locate(name) == to == files.locate(name)
    assert files.sha256(to) == tiny.digits
    assert serve == [f"/{name}"]
    assert capsys.readouterr().err == f"downloading {name}\n"


def test_a_fetched_file_with_a_wrong_checksum_is_refused_and_does_not_stay(places, serve):
    (places / "served").mkdir()
    (places / "served" / "net-01234567.pth").write_bytes(b"something else")
    with pytest.raises(InputError, match=r"cannot download net-01234567\.pth \(.*: the file has a wrong checksum\)"):
        files.locate("net-01234567.pth")
    assert not list(places.rglob("net-01234567.pth*"))[1:]


def test_offline_one_line_says_which_file_to_put_where(places, tiny):
    tiny.path.unlink()
    with pytest.raises(InputError) as caught:
        files.locate(tiny.path.name)
    message = str(caught.value)
    assert message.startswith(f"cannot download {tiny.path.name} (127.0.0.1:9: ")
    assert (
        f"put the file into {places}/cache/burnish/weights, or set BURNISH_WEIGHTS to a folder that has it" in message
    )
    assert "\n" not in message


def test_a_name_that_promises_no_checksum_is_refused():
    assert files.promised_digits("vgg16_bn-6c64b313.pth") == "6c64b313"
    with pytest.raises(InputError, match=r"the name net\.pth does not end with digits of a sha256"):
        files.locate("net.pth")


def test_a_burnish_weights_that_is_no_folder_is_named(monkeypatch):
    monkeypatch.setenv("BURNISH_WEIGHTS", "/no/such/folder")
    with pytest.raises(InputError, match="BURNISH_WEIGHTS is set to '/no/such/folder', which is not a folder"):
        files.find("a.pth")
    monkeypatch.delenv("BURNISH_WEIGHTS")
    assert len(files.search_folders()) == 2


def test_a_folder_is_no_file(places):
    with pytest.raises(InputError, match=r"cannot read .*work: Is a directory"):
        files.sha256(places / "work")


def test_every_published_set_names_a_file_that_can_be_checked_or_a_tag():
    for name in names():
        for known in entry(name).published:
            source = parse(known.source)
            assert source.hub in ("torchvision", "timm"), known
            assert (source.hub == "timm") == (known.file == ""), known
            assert source.hub == "timm" or files.promised_digits(known.file)
            assert known.preparation.resize >= known.preparation.crop, known
