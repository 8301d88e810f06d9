"""Tests of burnish.data.named.catalogue."""

import re
import subprocess
import sys

import pytest

from burnish.common.errors import InputError
from burnish.data.named.catalogue import RemoteFile, entry, names


def test_every_promised_set_is_there():
    promised = {
        "digits",
        "iris",
        "wine",
        "breast-cancer",
        "diabetes",
        "mnist",
        "fashion-mnist",
        "cifar10",
        "tiny-shakespeare",
    }
    assert promised <= set(names())
    assert names() == sorted(names())


@pytest.mark.parametrize("name", names())
def test_every_entry_is_complete(name):
    known = entry(name)
    assert known.name == name
    assert known.description
    assert known.licence
    assert (len(known.classes) >= 2) == (known.goal == "classification")
    assert all(re.fullmatch("[0-9a-f]{64}", file.sha256) for file in known.files)
    assert all(url.startswith("https://") and file.name in url for file in known.files for url in file.urls)
    assert known.download_bytes == sum(file.bytes for file in known.files if file.mirrors)


def test_a_mirror_is_a_folder_or_the_file_itself():
    file = RemoteFile("a.gz", "0" * 64, 1, ("https://one/folder/", "https://two/a.gz?download"))
    assert file.urls == ("https://one/folder/a.gz", "https://two/a.gz?download")


def test_an_unknown_name_gets_a_hint():
    with pytest.raises(
        InputError, match=r"unknown data set 'minst' \(did you mean 'mnist'\?\): expected one of breast-"
    ):
        entry("minst")


def test_listing_the_sets_needs_no_torch():
    program = "import sys; from burnish.data import names; names(); assert not {'torch', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
