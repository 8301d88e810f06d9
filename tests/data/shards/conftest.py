"""Small folders of images, and tars that others might have written."""

import io
import os
import tarfile

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(os, "fsync", lambda handle: None)


def png(seed=0, size=(12, 12), mode="RGB"):
    """The bytes of a noise image; ``size`` is width and height."""
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    packed = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(packed, "PNG")
    return packed.getvalue()


@pytest.fixture
def photos(tmp_path):
    """Make a folder of noise: ``count`` a class, in the splits named."""

    def make(count=10, classes=("cat", "dog"), splits=("",), size=(12, 12)):
        root = tmp_path / "photos"
        seed = 0
        for split in splits:
            for name in classes:
                (root / split / name).mkdir(parents=True)
                for number in range(count):
                    (root / split / name / f"{number:02}.png").write_bytes(png(seed, size))
                    seed += 1
        return root

    return make


@pytest.fixture
def tar(tmp_path):
    """Write a tar by the standard library from names and contents; a number stands for an image of that seed."""

    def write(name, *members):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with tarfile.open(path, "w") as archive:
            for member, content in members:
                data = png(content) if isinstance(content, int) else content
                header = tarfile.TarInfo(member)
                header.size = len(data)
                archive.addfile(header, io.BytesIO(data))
        return path

    return write
