"""Verbs that only pretend, so that recipes can be tested without training."""

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import pytest

from burnish.common.errors import InputError
from burnish.verbs.options import RunFolderOptions, VerbOptions
from burnish.verbs.outcome import Outcome


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
