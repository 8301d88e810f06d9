"""Verbs that only pretend, so that recipes can be tested without training."""

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import pytest

from burnish.common.errors import InputError
from burnish.verbs.interface.options import RunFolderOptions, VerbOptions
from burnish.verbs.interface.outcome import Outcome


@dataclass(frozen=True, kw_only=True)
class Fit(RunFolderOptions):
    """Pretend to fit."""

    data: str = "digits"
    model: str | None = None
    parent: Path | None = None
    epochs: int = 10
    hidden: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Evaluate(VerbOptions):
    """Pretend to evaluate."""

    run: Path = field(metadata={"positional": True})
    split: str = "test"


@dataclass(frozen=True, kw_only=True)
class Report(VerbOptions):
    """Pretend to report."""

    runs: tuple[Path, ...] = field(metadata={"positional": True})


@pytest.fixture
def played(monkeypatch):
    """Replace fit, evaluate and report; returns the list of the options they are called with."""
    calls = []

    def fit(options):
        calls.append(options)
        if options.data == "missing":
            raise InputError("no data 'missing'")
        folder = options.out / f"{len(calls):04}-fit"
        folder.mkdir(parents=True)
        metrics = {
            "validation": {"accuracy": {"value": 0.9, "low": 0.8, "high": 0.95, "count": 50, "confidence": 0.95}}
        }
        told = {"verb": "fit", "model": options.model or "mlp", "data": options.data, "watched": "accuracy"}
        result = told | {"metrics": metrics, "parameters": 1234, "latency_ms": {"median": 0.5}, "seconds": 1.5}
        (folder / "result.json").write_text(json.dumps(result))
        return Outcome("fitted", {"run": folder})

    def evaluate(options):
        calls.append(options)
        found = {"metrics": {"accuracy": {"value": 0.8, "low": 0.7, "high": 0.9, "count": 50, "confidence": 0.95}}}
        (options.run / f"evaluation-{options.split}.json").write_text(json.dumps(found))
        return Outcome("scored", found)

    def report(options):
        calls.append(options)
        return Outcome("drawn", {"report": options.runs[-1] / "report.html"})

    for options_class, command in ((Fit, fit), (Evaluate, evaluate), (Report, report)):
        name = f"burnish.verbs.{options_class.__name__.lower()}"
        module = ModuleType(name)
        setattr(module, options_class.__name__, options_class)
        module.command = command
        monkeypatch.setitem(sys.modules, name, module)
    return calls


@pytest.fixture(scope="session")
def digits_run(tmp_path_factory):
    """A small network on bundled pictures; scores may be written into its folder."""
    return _fit(tmp_path_factory, data="digits", model="mlp", epochs=1)


@pytest.fixture(scope="session")
def photos(tmp_path_factory):
    """A folder of class folders: reddish, greenish and bluish pictures of several sizes."""
    import numpy as np
    from PIL import Image

    folder = tmp_path_factory.mktemp("photos")
    chance = np.random.default_rng(0)
    for channel, name in enumerate(("blue", "green", "red")):
        (folder / name).mkdir()
        for number in range(10):
            pixels = chance.integers(0, 120, (12 + number % 3, 16, 3), dtype=np.uint8)
            pixels[:, :, 2 - channel] += 120
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder


@pytest.fixture(scope="session")
def photos_run(photos, tmp_path_factory):
    """A small network on the photos."""
    return _fit(tmp_path_factory, data=photos, model="mlp", epochs=10, input_size=8)


@pytest.fixture(scope="session")
def customers(tmp_path_factory):
    """A CSV file with numbers, gaps and categories: who is old churns."""
    import random

    chance = random.Random(0)
    lines = ["age,plan,city,churned"]
    for _ in range(200):
        age = chance.randint(18, 80)
        told = "" if chance.random() < 0.05 else age
        lines.append(f"{told},{chance.choice(['basic', 'pro'])},{chance.choice('ABC')},{'yes' if age > 45 else 'no'}")
    path = tmp_path_factory.mktemp("table") / "customers.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="session")
def table_run(customers, tmp_path_factory):
    """A small network on the customers."""
    return _fit(tmp_path_factory, data=customers, target="churned", model="mlp", epochs=20)


@pytest.fixture(scope="session")
def text_run(tmp_path_factory):
    """A tiny language model of a text with 15 symbols."""
    path = tmp_path_factory.mktemp("text") / "words.txt"
    path.write_text("the quick cat\nsat on the mat\n" * 60)
    options = {"hidden": 16, "num_layers": 1}
    return _fit(tmp_path_factory, data=path, model_option=options, sequence_length=16, max_steps=20)


@pytest.fixture(scope="session")
def points_run(tmp_path_factory):
    """A generator of points, barely trained."""
    return _fit(tmp_path_factory, data="points", model="gan", max_steps=3)


def _fit(tmp_path_factory, **options):
    import burnish

    return burnish.fit(out=tmp_path_factory.mktemp("runs"), quiet=True, **options)
