"""Tests of burnish.models.weights.hub. Nothing here needs a network: the library that fetches is played, or
asks a server on this machine."""

import hashlib
import os
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from burnish.common.errors import InputError
from burnish.models.weights.hub import hub_cache, locate, search_folders

TAG = "tiny.a1"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def put(folder, content=b"weights"):
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(content)
    return folder / "model.safetensors"


def in_hub_cache(places, content=b"weights", name=None):
    """Lay a file down as huggingface_hub does: a blob under its sha256, and a link to it."""
    repository = places / "hub" / f"models--timm--{TAG}"
    blob = repository / "blobs" / (name or hashlib.sha256(content).hexdigest())
    snapshot = repository / "snapshots" / COMMIT
    for folder in (blob.parent, snapshot, repository / "refs"):
        folder.mkdir(parents=True)
    (repository / "refs" / "main").write_text(COMMIT)
    blob.write_bytes(content)
    (snapshot / "model.safetensors").symlink_to(blob)
    return snapshot / "model.safetensors"


@pytest.fixture
def library(places, monkeypatch):
    """huggingface_hub with one function; what it raises or gives is set by the test."""

    class NoRepositoryError(OSError):
        pass

    played = SimpleNamespace(asked=[], answer=None, NoRepositoryError=NoRepositoryError)
    module, errors = ModuleType("huggingface_hub"), ModuleType("huggingface_hub.errors")
    errors.RepositoryNotFoundError = NoRepositoryError
    errors.EntryNotFoundError = type("EntryNotFoundError", (Exception,), {})

    def fetch(repository, file):
        played.asked.append((repository, file))
        if isinstance(played.answer, Exception):
            raise played.answer
        return str(played.answer)

    module.hf_hub_download, module.errors = fetch, errors
    monkeypatch.setitem(sys.modules, "huggingface_hub", module)
    monkeypatch.setitem(sys.modules, "huggingface_hub.errors", errors)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        module.constants = SimpleNamespace(ENDPOINT=f"http://127.0.0.1:{listening.getsockname()[1]}")
        yield played


def test_the_users_folder_comes_first_then_the_cache_then_the_hubs(places):
    last = in_hub_cache(places)
    assert locate(TAG, "model.safetensors") == last
    second = put(places / "cache/burnish/weights/timm" / TAG)
    assert locate(TAG, "model.safetensors") == second
    first = put(places / "user/timm" / TAG)
    assert locate(TAG, "model.safetensors") == first
    assert [folder / "model.safetensors" for folder in search_folders(TAG)] == [first, second, last]


def test_the_cache_of_the_hub_is_where_its_library_has_it(places, monkeypatch):
    assert hub_cache() == places / "hub"
    monkeypatch.delenv("HF_HUB_CACHE")
    monkeypatch.delenv("HF_HOME", raising=False)
    assert hub_cache() == places / "cache" / "huggingface" / "hub"
    monkeypatch.setenv("HF_HOME", str(places / "home"))
    assert hub_cache() == places / "home" / "hub"


def test_a_damaged_blob_of_the_hubs_cache_is_refused(places):
    in_hub_cache(places, name=hashlib.sha256(b"as it was").hexdigest())
    with pytest.raises(InputError, match=r"is damaged: its sha256 begins with .*; delete it"):
        locate(TAG, "model.safetensors")


def test_what_is_nowhere_is_fetched_by_the_library(places, library):
    library.answer = put(places / "fetched")
    assert locate(TAG, "model.safetensors") == library.answer
    assert library.asked == [("timm/tiny.a1", "model.safetensors")]


def test_without_the_library_one_line_says_how_to_get_it(places, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(InputError) as caught:
        locate(TAG, "config.json")
    assert str(caught.value) == (
        "timm:tiny.a1 is not here: pip install 'burnish[hub]' to fetch it, or put model.safetensors and config.json "
        f"of huggingface.co/timm/tiny.a1 into {places}/user/timm/tiny.a1"
    )


def test_offline_one_line_says_which_files_to_put_where(places, library, monkeypatch):
    monkeypatch.delenv("BURNISH_WEIGHTS")
    library.answer = FileNotFoundError("no\nconnection " + "x" * 500)
    with pytest.raises(InputError) as caught:
        locate(TAG, "config.json")
    message = str(caught.value)
    assert message.startswith("cannot fetch config.json of timm:tiny.a1 (no connection xxx")
    assert message.endswith(f"timm/tiny.a1 into {places}/cache/burnish/weights/timm/tiny.a1")
    assert "\n" not in message
    assert len(message) < 500


def test_where_nobody_answers_the_library_is_not_asked(places, library):
    sys.modules["huggingface_hub"].constants.ENDPOINT = "http://127.0.0.1:9"
    with pytest.raises(
        InputError, match=r"cannot fetch config\.json of timm:tiny\.a1 \(127\.0\.0\.1:9: .*refused\): put model"
    ):
        locate(TAG, "config.json")
    assert library.asked == []


def test_a_tag_that_does_not_exist_is_named(library):
    library.answer = library.NoRepositoryError("404")
    with pytest.raises(InputError, match=r"the hub has no weights timm/tiny\.a1: check the name and the tag"):
        locate(TAG, "config.json")


@pytest.mark.peer
def test_the_library_itself_fetches_what_a_hub_serves(places):
    """The real huggingface_hub, in a process of its own since it reads the address of the hub when it is imported."""
    pytest.importorskip("huggingface_hub.errors", exc_type=ImportError)
    content = {"config.json": b"{}", "model.safetensors": b"weights"}
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self, send):
            asked.append(f"{self.command} {self.path}")
            body = content.get(self.path.removeprefix(f"/timm/{TAG}/resolve/main/"))
            if body is None:
                self.send_response(404)
                self.send_header("X-Error-Code", "RepoNotFound")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()}"')
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if send:
                self.wfile.write(body)

        def do_GET(self):
            self.answer(send=True)

        def do_HEAD(self):
            self.answer(send=False)

        def log_message(self, *arguments):
            pass

    program = (
        "import sys\n"
        "from burnish.common.errors import InputError\n"
        "from burnish.models.weights.hub import locate\n"
        "try:\n"
        "    print(locate(sys.argv[1], sys.argv[2]))\n"
        "except InputError as error:\n"
        "    print('refused:', error)\n"
    )
    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()

    def ask(tag, file, endpoint):
        settings = os.environ | {"HF_ENDPOINT": endpoint, "HF_HUB_DOWNLOAD_TIMEOUT": "5", "HF_HUB_ETAG_TIMEOUT": "5"}
        done = subprocess.run(
            [sys.executable, "-c", program, tag, file], capture_output=True, text=True, timeout=120, env=settings
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    try:
        address = f"http://127.0.0.1:{http.server_address[1]}"
        found = ask(TAG, "model.safetensors", address)
        assert Path(found).read_bytes() == b"weights"
        assert Path(found).is_relative_to(places / "hub")
        count = len(asked)
        assert ask(TAG, "model.safetensors", address) == found
        assert len(asked) == count, "what is in the cache needs no network"
        assert ask("no.such", "config.json", address) == (
            "refused: the hub has no weights timm/no.such: check the name and the tag"
        )
    finally:
        http.shutdown()
        thread.join()
        http.server_close()
    answer = ask("no.such", "config.json", "http://127.0.0.1:9")
    assert answer.startswith("refused: cannot fetch config.json of timm:no.such (")
    assert answer.endswith(f"into {places}/user/timm/no.such")
    assert "\n" not in answer
