"""A small model with published weights, every place where weights are looked for, and a server for the rest."""

import hashlib
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch

from burnish.models import Preparation, Published, registry
from burnish.models.vision.resnet_cifar import CifarResNet
from burnish.models.weights import files

PREPARATION = Preparation(24, 32, "bicubic", (0.5, 0.25, 0.125), (0.5, 0.25, 0.25))


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    """Every place that is searched, inside a folder of this test."""
    for name in ("user", "cache", "torch", "hub", "work"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("BURNISH_WEIGHTS", str(tmp_path / "user"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setattr(files, "BASE", "http://127.0.0.1:9/")  # nobody listens there
    return tmp_path


@dataclass
class Zoo:
    """A published model: its weights, the file that holds them, and the folder of that file."""

    model: CifarResNet
    path: Path
    digits: str

    def put(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        return Path(self.path.rename(folder / self.path.name))


@pytest.fixture
def tiny(places):
    """``tiny``, registered with ``torchvision:tiny`` and ``timm:tiny.a1``; 7 classes, 3 channels."""
    torch.manual_seed(1)
    model = CifarResNet(8, 7, 3, 8)
    for name, tensor in model.state_dict().items():
        if "running" in name:
            tensor.uniform_(0.5, 1.5)
    plain = places / "tiny.pth"
    torch.save(model.state_dict(), plain)
    digits = hashlib.sha256(plain.read_bytes()).hexdigest()
    path = plain.rename(places / f"tiny-{digits[:8]}.pth")
    published = (Published("torchvision:tiny", path.name, PREPARATION), Published("timm:tiny.a1"))

    @registry.register("tiny", kinds=("image",), paper="none", native_size=32, published=published)
    def tiny_net(num_classes, in_channels, input_size, width: int = 8):
        return CifarResNet(8, num_classes, in_channels, width)

    yield Zoo(model, path, digits)
    del registry._entries["tiny"]


@pytest.fixture
def serve(places, monkeypatch):
    """Serve files of a folder in place of torchvision's; the list of what was asked for comes back."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            path = places / "served" / self.path.lstrip("/")
            if not path.is_file():
                self.send_error(404)
                return
            body = path.read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setattr(files, "BASE", f"http://127.0.0.1:{http.server_address[1]}/")
    yield asked
    http.shutdown()
    thread.join()
    http.server_close()
