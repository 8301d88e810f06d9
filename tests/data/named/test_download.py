"""Tests of burnish.data.named.download, against a server on this machine."""

import hashlib
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from burnish.common.errors import InputError
from burnish.data.named.download import download, shown_progress

CONTENT = bytes(range(256)) * 4000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Server:
    """Serves CONTENT under any path, with faults that a test switches on."""

    def __init__(self):
        self.ignore_range = False
        self.stop_after = []
        self.content = CONTENT
        self.status = 200
        self.asked = []

    def answer(self, handler):
        wanted = handler.headers.get("Range")
        self.asked.append(wanted)
        if self.status != 200:
            handler.send_error(self.status)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and not self.ignore_range else 0
        if start >= len(self.content):
            handler.send_error(416)
            return
        body = self.content[start:]
        handler.send_response(206 if start else 200)
        if start:
            handler.send_header("Content-Range", f"bytes {start}-{len(self.content) - 1}/{len(self.content)}")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: self.stop_after.pop(0)] if self.stop_after else body)


@contextmanager
def serving(server):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            server.answer(self)

        def log_message(self, *arguments):
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{http.server_address[1]}/set/file.bin"
    finally:
        http.shutdown()
        thread.join()
        http.server_close()


@pytest.fixture
def server():
    return Server()


@pytest.fixture
def url(server):
    with serving(server) as address:
        yield address


def test_a_file_arrives_whole_and_nothing_else_stays(url, tmp_path):
    to = download([url], tmp_path / "set" / "file.bin", sha256=DIGEST)
    assert to.read_bytes() == CONTENT
    assert [path.name for path in to.parent.iterdir() if not path.name.startswith(".")] == ["file.bin"]


def test_a_file_that_is_here_is_not_asked_for(server, url, tmp_path):
    (tmp_path / "file.bin").write_bytes(b"mine")
    assert download([url], tmp_path / "file.bin", sha256=DIGEST).read_bytes() == b"mine"
    assert server.asked == []


def test_a_partial_file_is_resumed(server, url, tmp_path):
    (tmp_path / "file.bin.part").write_bytes(CONTENT[:100_000])
    seen = []
    to = download([url], tmp_path / "file.bin", sha256=DIGEST, progress=lambda here, total: seen.append((here, total)))
    assert server.asked == ["bytes=100000-"]
    assert to.read_bytes() == CONTENT
    assert seen[0][0] > 100_000
    assert seen[-1] == (len(CONTENT), len(CONTENT))


def test_a_server_that_ignores_ranges_is_coped_with(server, url, tmp_path):
    server.ignore_range = True
    (tmp_path / "file.bin.part").write_bytes(CONTENT[:100_000])
    assert download([url], tmp_path / "file.bin", sha256=DIGEST).read_bytes() == CONTENT
    assert server.asked == ["bytes=100000-"]


def test_a_transfer_that_stops_goes_on_where_it_stopped(server, url, tmp_path):
    server.stop_after = [300_000, 200_000]
    assert download([url], tmp_path / "file.bin", sha256=DIGEST).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=300000-", "bytes=500000-"]


def test_a_wrong_partial_file_is_thrown_away(server, url, tmp_path):
    (tmp_path / "file.bin.part").write_bytes(b"?" * 1000)
    assert download([url], tmp_path / "file.bin", sha256=DIGEST).read_bytes() == CONTENT
    assert server.asked == ["bytes=1000-", None]


def test_a_partial_file_that_is_complete_needs_no_more(server, url, tmp_path):
    (tmp_path / "file.bin.part").write_bytes(CONTENT)
    assert download([url], tmp_path / "file.bin", sha256=DIGEST).read_bytes() == CONTENT
    assert server.asked == [f"bytes={len(CONTENT)}-"]


def test_without_a_digest_nothing_is_resumed(server, url, tmp_path):
    (tmp_path / "file.bin.part").write_bytes(b"?" * 1000)
    assert download([url], tmp_path / "file.bin").read_bytes() == CONTENT
    assert server.asked == [None]


def test_the_next_mirror_is_tried(server, url, tmp_path):
    bad = Server()
    bad.status = 404
    false = Server()
    false.content = b"something else"
    with serving(bad) as one, serving(false) as two:
        assert download([one, two, url], tmp_path / "file.bin", sha256=DIGEST).read_bytes() == CONTENT
    assert (len(bad.asked), len(false.asked), len(server.asked)) == (1, 1, 1)


def test_when_all_fail_one_line_says_why_and_what_to_put_where(server, url, tmp_path):
    server.content = b"something else"
    bad = Server()
    bad.status = 503
    with serving(bad) as other, pytest.raises(InputError) as caught:
        download([url, other], tmp_path / "set" / "file.bin", sha256=DIGEST)
    message = str(caught.value)
    assert message.startswith("cannot download file.bin (127.0.0.1:")
    assert "the file has a wrong checksum" in message
    assert "HTTP 503" in message
    assert f"put the file into {tmp_path / 'set'}, or set BURNISH_DATA to a folder with set/file.bin in it" in message
    assert "\n" not in message
    assert not (tmp_path / "set" / "file.bin").exists()


def test_the_first_digits_of_a_digest_are_held_to(server, url, tmp_path):
    assert download([url], tmp_path / "file.bin", sha256=DIGEST[:8]).read_bytes() == CONTENT
    server.content = b"something else"
    with pytest.raises(InputError, match=r"wrong checksum\): ask for it$"):
        download([url], tmp_path / "other.bin", sha256=DIGEST[:8], by_hand="ask for it")


def test_a_dead_address_is_a_reason_not_a_crash(tmp_path):
    with pytest.raises(InputError, match=r"127\.0\.0\.1:9: .*refused"):
        download(["http://127.0.0.1:9/file.bin"], tmp_path / "file.bin", sha256=DIGEST)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "set").write_text("a file where the folder should be")
    with pytest.raises(InputError, match=r"cannot write .*set/file\.bin"):
        download(["http://127.0.0.1:9/file.bin"], tmp_path / "set" / "file.bin")


def test_elsewhere_than_on_a_terminal_the_progress_is_one_line_on_stderr(capsys):
    with shown_progress("mnist/x.gz", 9_912_422) as progress:
        assert progress is None
    printed = capsys.readouterr()
    assert printed.err == "downloading mnist/x.gz (9.9 MB)\n"
    assert printed.out == ""


def test_a_size_that_nobody_knows_is_not_said(capsys):
    with shown_progress("weights.pth", None):
        pass
    assert capsys.readouterr().err == "downloading weights.pth\n"


def test_on_a_terminal_the_progress_is_a_bar(capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with shown_progress("mnist/x.gz", 100) as progress:
        progress(50, 100)
    assert "mnist/x.gz" in capsys.readouterr().err
