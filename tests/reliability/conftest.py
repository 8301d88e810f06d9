"""Small data of every kind, and whole processes of burnish that can be spoiled at a named place."""

import json
import os
import random
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).parent
TIMED = {"seconds", "samples_per_second", "data_wait", "latency_ms", "loading"}


@dataclass(frozen=True)
class Ended:
    """What a process left behind; a negative code is the signal that ended it."""

    code: int
    out: str
    err: str

    @property
    def run(self):
        """The folder of its run."""
        line = next(line for line in (*self.err.splitlines(), *self.out.splitlines()) if line.startswith("run: "))
        return Path(line.removeprefix("run: "))

    @property
    def line(self):
        """The one line of a refusal."""
        assert self.code == 2, f"exit {self.code}: {self.err}"
        assert "Traceback" not in self.err
        assert self.err.count("\n") == 1, self.err
        return self.err.rstrip("\n")


class Driver:
    """Fresh processes by the second, see driver.py."""

    def __init__(self, folder):
        self.folder = folder
        self.count = 0
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, HERE / "driver.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def start(self, *words, cwd=None, **sabotage):
        """Begin a process; returns its id. One runs at a time."""
        self.count += 1
        self.streams = [self.folder / f"{self.count}.{name}" for name in ("out", "err")]
        request = {
            "words": [str(word) for word in words],
            "cwd": str(cwd or self.folder),
            "out": str(self.streams[0]),
            "err": str(self.streams[1]),
            "sabotage": sabotage,
        }
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def wait(self):
        """How the process ended."""
        code = json.loads(self.process.stdout.readline())
        return Ended(code, *(path.read_text(encoding="utf-8") for path in self.streams))

    def __call__(self, *words, cwd=None, **sabotage):
        self.start(*words, cwd=cwd, **sabotage)
        return self.wait()


@pytest.fixture(scope="session")
def shell(tmp_path_factory):
    """Call it with the words of a shell; gives how the process ended."""
    driver = Driver(tmp_path_factory.mktemp("processes"))
    yield driver
    driver.process.stdin.close()
    driver.process.stdout.close()
    driver.process.wait(timeout=30)


@pytest.fixture(scope="session")
def samples(tmp_path_factory):
    """A folder with ``photos/``, ``churn.csv``, ``price.csv`` and ``words.txt``: a few learnable samples each."""
    folder = tmp_path_factory.mktemp("samples")
    write_photos(folder / "photos", 24)
    chance = random.Random(0)
    rows = [(chance.gauss(0, 1), chance.choice("abc"), chance.gauss(0, 1)) for _ in range(120)]
    told = [f"{x:.4f},{kind},{y:.4f}" for x, kind, y in rows]
    classes = ["yes" if x + y > 0 else "no" for x, _, y in rows]
    prices = [f"{3 * x - y + 0.1 * chance.gauss(0, 1):.4f}" for x, _, y in rows]
    for name, values in (("churn", classes), ("price", prices)):
        lines = [f"size,kind,age,{name}", *(f"{row},{value}" for row, value in zip(told, values, strict=True))]
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
    (folder / "words.txt").write_text("".join(chance.choice(("the cat ", "a dog ", "sat. ")) for _ in range(400)))
    return folder


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda handle: None)


def write_photos(folder, count, size=32, mode="RGB"):
    """Two classes of ``count`` noisy pictures, one lighter than the other."""
    from PIL import Image

    draw = np.random.default_rng(0)
    shape = (size, size, 3) if mode == "RGB" else (size, size)
    for label, middle in (("dark", 90), ("light", 160)):
        (folder / label).mkdir(parents=True)
        for number in range(count):
            pixels = (middle + draw.normal(0, 40, shape)).clip(0, 255).astype("uint8")
            Image.fromarray(pixels, mode).save(folder / label / f"{number:03}.png")


def rows(run):
    """The rows of metrics.jsonl without what a clock wrote."""
    told = [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    return [{name: value for name, value in row.items() if name not in TIMED} for row in told]


def assert_same_run(run, other):
    """Weights to the bit, every row and the result, apart from what a clock wrote."""
    assert rows(run) == rows(other)
    assert (run / "model.safetensors").read_bytes() == (other / "model.safetensors").read_bytes()
    results = [json.loads((folder / "result.json").read_text(encoding="utf-8")) for folder in (run, other)]
    for result in results:
        for name in TIMED:
            result.pop(name, None)
    assert results[0] == results[1]


def steps_saved(run):
    """Steps of the checkpoints in sight; anything unfinished fails the test."""
    found = sorted(path.name for path in (run / "checkpoints").iterdir() if path.name.startswith(("step-", ".")))
    assert all(name.startswith("step-") for name in found), found
    return [int(name.removeprefix("step-")) for name in found]
