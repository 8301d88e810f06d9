"""Tests of burnish.common.files."""

import errno
import os
import subprocess
import sys

import pytest

from burnish.common.files import fsync_folder, write_atomically


def test_text_is_written_as_utf8_and_bytes_as_they_are(tmp_path):
    write_atomically(tmp_path / "text", "café")
    write_atomically(tmp_path / "bytes", b"\xff\x00")
    assert (tmp_path / "text").read_bytes() == b"caf\xc3\xa9"
    assert (tmp_path / "bytes").read_bytes() == b"\xff\x00"


def test_a_file_is_replaced_whole(tmp_path):
    file = tmp_path / "result.json"
    write_atomically(file, "a long first content")
    write_atomically(file, "short")
    assert file.read_text() == "short"
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_size_limit_leaves_the_old_file_and_no_other(tmp_path):
    file = tmp_path / "weights"
    file.write_bytes(b"old")
    program = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from burnish.common.files import write_atomically\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try:\n"
        "    write_atomically(Path(sys.argv[1]), bytes(5000))\n"
        "except OSError as error:\n"
        "    print('refused:', error.strerror)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(file)], capture_output=True, text=True, timeout=60)
    assert done.stdout == "refused: File too large\n", done.stderr
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_and_no_other(failing, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    file = tmp_path / "weights"
    file.write_bytes(b"old")
    monkeypatch.setattr(os, failing, full)
    with pytest.raises(OSError, match="No space left on device"):
        write_atomically(file, b"new")
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


def test_the_content_reaches_the_disk_before_its_name_does(tmp_path, monkeypatch):
    calls = []
    sync, rename = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (calls.append("fsync"), sync(handle))[1])
    monkeypatch.setattr(os, "replace", lambda *names: (calls.append("rename"), rename(*names))[1])
    write_atomically(tmp_path / "file", "content")
    assert calls == ["fsync", "rename", "fsync"]


def test_a_folder_that_is_not_there_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "missing" / "file", "content")
    with pytest.raises(FileNotFoundError):
        fsync_folder(tmp_path / "missing")
