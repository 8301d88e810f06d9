"""Fake run folders of every task kind, as the verbs leave them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w

from burnish.reporting.pictures import data_uri

ENVIRONMENT = {
    "python": "3.11.2",
    "torch": "2.13.0",
    "numpy": "2.4.6",
    "platform": "Linux-6.1-x86_64",
    "cores": 2,
    "command": "burnish fit --data digits --model resnet20",
    "git_commit": None,
    "seed": 0,
}


def share(value: float, count: int = 360) -> dict[str, Any]:
    half = 1.96 * math.sqrt(value * (1 - value) / count)
    low, high = max(0.0, value - half), min(1.0, value + half)
    return {"value": value, "low": low, "high": high, "count": count, "confidence": 0.95}


def classified_rows(epochs: int = 10, per_epoch: int = 4) -> list[dict[str, Any]]:
    rows = []
    for step in range(1, epochs * per_epoch + 1):
        epoch = step / per_epoch
        loss = 2.3 * math.exp(-epoch / 3) + 0.05 + 0.03 * math.sin(7 * step)
        speed = {"seconds": 0.4 * step, "samples_per_second": 5000 + 100 * math.sin(step)}
        rate = 0.1 * (1 + math.cos(math.pi * epoch / epochs)) / 2
        rows.append({"event": "train", "step": 50 * step, "epoch": epoch, "loss": loss, "learning_rate": rate, **speed})
        if step % per_epoch == 0:
            accuracy = 0.98 - 0.6 * math.exp(-epoch / 2)
            bounds = {"accuracy_low": accuracy - 0.02, "accuracy_high": accuracy + 0.015}
            measured = {"loss": loss + 0.05 + 0.01 * epoch, "accuracy": accuracy, **bounds}
            rows.append({"event": "validation", "step": 50 * step, "epoch": epoch, **measured})
    return rows


def result(**changes: Any) -> dict[str, Any]:
    return {
        "verb": "fit",
        "model": "resnet20",
        "data": "digits",
        "task": "classification",
        "parameters": 272474,
        "metrics": {"validation": {"accuracy": share(0.98), "loss": {**share(0.1), "value": 0.0612}}},
        "watched": "accuracy",
        "latency_ms": {"median": 1.2, "low": 1.1, "high": 1.4, "batch": 1, "threads": 1},
        "seconds": 12.3,
        "epochs": 10,
        "steps": 1000,
        "notes": ["the model was chosen from the data"],
        "parent": None,
    } | changes


def evaluation(names: list[str], seed: int = 0, per_class: int = 36, **changes: Any) -> dict[str, Any]:
    chance = np.random.default_rng(seed)
    size = len(names)
    matrix = np.zeros((size, size), int)
    for truth in range(size):
        for _ in range(per_class):
            wrong = chance.random() < 0.08
            matrix[truth, chance.integers(size) if wrong else truth] += 1
    diagonal = matrix.diagonal()
    recall, precision = diagonal / matrix.sum(1), diagonal / np.maximum(1, matrix.sum(0))
    f1 = 2 * precision * recall / np.maximum(1e-9, precision + recall)
    scores = zip(names, precision.tolist(), recall.tolist(), f1.tolist(), strict=True)
    return {
        "split": "test",
        "count": int(matrix.sum()),
        "task": "classification",
        "confidence": 0.95,
        "metrics": {"accuracy": share(float(diagonal.sum() / matrix.sum()), int(matrix.sum()))},
        "classes": [{"name": n, "precision": p, "recall": r, "f1": f, "support": per_class} for n, p, r, f in scores],
        "confusion": matrix.tolist(),
        "mistakes": [],
        "residuals": None,
        "sample": None,
        "samples": None,
        "seconds": 1.0,
    } | changes


def mistake(index: int, **changes: Any) -> dict[str, Any]:
    known = {"index": index, "where": f"photos/cat/{index}.jpg", "truth": "3", "prediction": "8"}
    return known | {"confidence": 0.99, "loss": 5.1, "picture": None, "text": None, "row": None} | changes


def picture(seed: int, size: int = 8) -> str:
    return data_uri(np.random.default_rng(seed).integers(0, 255, (size, size), dtype=np.uint8))


def _images() -> dict[str, Any]:
    mistakes = [mistake(i, picture=picture(i)) for i in range(12)]
    return {"result": result(), "rows": classified_rows(), "test": evaluation([*"0123456789"], mistakes=mistakes)}


def _hundred() -> dict[str, Any]:
    names = [f"class number {i}" for i in range(100)]
    return {"result": result(data="cifar100"), "rows": classified_rows(), "test": evaluation(names)}


def _table() -> dict[str, Any]:
    chance = np.random.default_rng(0)
    target = chance.normal(150, 70, 200)
    guess = target + chance.normal(0, 30, 200)
    columns = ("age", "sex", "bmi", "blood pressure", "s1", "s2", "s3", "s4", "s5", "s6")
    rows = [
        mistake(
            i, where=f"row {i}", truth=151.0 + i, prediction=73.1, confidence=None, row=dict.fromkeys(columns, 0.0381)
        )
        for i in range(8)
    ]
    metrics = {"mean_absolute_error": {"value": 41.2, "low": 36.0, "high": 46.4, "count": 88, "confidence": 0.95}}
    found = {"split": "test", "count": 200, "metrics": metrics, "mistakes": rows, "classes": [], "confusion": None}
    found |= {"residuals": {"target": target.tolist(), "prediction": guess.tolist()}}
    told = result(
        model="mlp", data="diabetes", task="regression", watched="mean_absolute_error", metrics={"test": metrics}
    )
    curve = [
        {"event": event, "step": e, "epoch": float(e), "loss": 5000 / e, "mean_absolute_error": 100 / e}
        for e in range(1, 20)
        for event in ("train", "validation")
    ]
    return {"result": told, "rows": curve, "test": found}


def _text() -> dict[str, Any]:
    said = "ROMEO:\nWhat light through yonder window breaks?\n" * 4
    mistakes = [mistake(i, where=f"character {i * 997}", truth="e", prediction="\\n", text=said[:90]) for i in range(4)]
    metrics = {"loss": {"value": 1.54, "low": 1.53, "high": 1.55, "count": 111538, "confidence": 0.95}}
    found = {"split": "test", "count": 111538, "metrics": metrics, "sample": said, "mistakes": mistakes}
    told = result(model="char-lstm", data="tiny-shakespeare", watched="loss", metrics={"validation": metrics})
    rows = [{"event": "train", "step": 50 * s, "loss": 1.5 + 2 / s, "learning_rate": 0.002} for s in range(1, 1200)]
    return {"result": told, "rows": rows, "test": found}


def _gan() -> dict[str, Any]:
    chance = np.random.default_rng(0)
    angle = chance.uniform(0, 6.28, 300)
    ring = np.stack([np.cos(angle), np.sin(angle)], 1)
    samples = {"points": (ring + chance.normal(0, 0.1, ring.shape)).tolist(), "reference": ring.tolist()}
    rows = [
        {
            "event": "train",
            "step": 50 * s,
            "epoch": s / 4,
            "generator_loss": 0.7 + 0.2 * math.sin(s),
            "discriminator_loss": 0.6 + 0.1 * math.cos(s),
            "real_score": 0.5 + 0.1 / s,
            "fake_score": 0.5 - 0.1 / s,
        }
        for s in range(1, 80)
    ]
    metrics = {"distance": {"value": 0.031, "low": 0.02, "high": 0.042, "count": 300, "confidence": 0.95}}
    told = result(model="gan", data="ring", task="gan", watched="distance", metrics={"validation": metrics})
    found = {"split": "validation", "count": 300, "metrics": metrics, "samples": samples}
    return {"result": told, "rows": rows, "validation": found}


def robustness(**changes: Any) -> dict[str, Any]:
    """The plain content of a robustness file."""
    attacks = [
        {"attack": name, "options": {"steps": 10, "restarts": 1, "step_size": None}, "tried": tried, "fooled": fooled}
        | {"so_far": share(left, 100), "alone": None, "queries": 12 * tried, "gradients": 10 * tried, "seconds": 0.5}
        for name, tried, fooled, left in (("fgsm", 98, 50, 0.48), ("pgd", 48, 30, 0.18))
    ]
    example = {"where": "photos/cat/1.jpg", "truth": "3", "answer": "8", "attack": "pgd", "distance": 8 / 255}
    return {
        "subject": "0001-fit",
        "data": "digits",
        "split": "test",
        "seed": 0,
        "suite": "quick",
        "norm": "linf",
        "eps": 8 / 255,
        "count": 100,
        "confidence": 0.95,
        "clean_accuracy": share(0.98, 100),
        "robust_accuracy": share(0.18, 100),
        "attacks": attacks,
        "classes": [{"name": name, "clean": share(0.9, 10), "robust": share(0.1, 10)} for name in "0123456789"],
        "findings": [
            {"code": "probabilities", "severity": "info", "title": "a title", "meaning": "It means.", "advice": "do it"}
        ],
        "curve": {
            "norm": "linf",
            "eps": [0, 4 / 255, 8 / 255],
            "accuracy": [share(0.98, 100), share(0.5, 100), share(0.2, 100)],
            "attacks": ["pgd"],
        },
        "transfer": {
            "names": ["0001-fit", "0002-fit"],
            "clean": [share(0.98), share(0.97)],
            "robust": [[share(0.1), share(0.6)], [share(0.7), share(0.05)]],
            "noise": [[share(0.9), share(0.8)], [share(0.7), share(0.6)]],
            "distance": [0.03, 0.03],
            "norm": "linf",
            "attack": "pgd",
        },
        "black_box": None,
        "examples": [example | {"clean": picture(1), "change": picture(2), "attacked": picture(3)}],
        "seconds": 3.0,
    } | changes


def pruning(**changes: Any) -> dict[str, Any]:
    """What the result of a pruned run says of the pruning."""

    def stage(parameters: int, macs: int, size: int, times: tuple[float, float], accuracy: float) -> dict[str, Any]:
        latency = {
            str(b): {"median": t, "low": t * 0.95, "high": t * 1.05} for b, t in zip((1, 32), times, strict=True)
        }
        metrics = {"loss": {"value": 0.1, "low": 0.09, "high": 0.11, "count": 180}, "accuracy": share(accuracy, 180)}
        known = {"parameters": parameters, "macs": macs, "bytes": size, "threads": 1}
        return known | {"latency_ms": latency, "metrics": metrics}

    return {
        "level": "filter",
        "criterion": "geometric-median",
        "ratio": 0.5076,
        "layers": [
            {"name": "model.conv1", "before": 16, "after": 8},
            {"name": "model.layer1.0.conv1", "before": 16, "after": 4},
        ],
        "refusals": ["model.fc cannot be narrowed: net.py:12 reads its width"],
        "before": stage(269434, 2516608, 1094016, (0.75, 8.0), 0.97),
        "cut": stage(67906, 631616, 285008, (0.5, 2.0), 0.1),
        "finetuned": stage(67906, 631616, 285008, (0.5, 2.0), 0.92),
    } | changes


KINDS = {"images": _images, "hundred": _hundred, "table": _table, "text": _text, "gan": _gan}


def write_run(folder: Path, kind: str = "images", parent: str | None = None, **changes: Any) -> Path:
    """Write a run folder; ``changes`` replace entries of the result."""
    files = KINDS[kind]()
    folder.mkdir(parents=True, exist_ok=True)
    told = files["result"] | changes | {"parent": parent}
    config: dict[str, Any] = {"verb": "fit", "burnish_version": "0.1.0"} | ({"parent": parent} if parent else {})
    config["fit"] = {"epochs": 10, "optimizer": "adamw", "learning_rate": 0.1, "schedule": "cosine", "seed": 0}
    config["model"] = {"name": told["model"], "options": {"width": 16, "widths": [256, 256]}}
    config["data"] = {"origin": told["data"], "options": {"validation": 0.2, "test": 0.2}}
    (folder / "config.toml").write_text(tomli_w.dumps(config))
    (folder / "env.json").write_text(json.dumps(ENVIRONMENT))
    (folder / "result.json").write_text(json.dumps(told))
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in files["rows"]))
    for split in ("test", "validation"):
        if split in files:
            (folder / f"evaluation-{split}.json").write_text(json.dumps(files[split]))
    return folder


@pytest.fixture(scope="session")
def one_of_each(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A run folder of every kind, to be read and reported but not changed."""
    folder = tmp_path_factory.mktemp("runs")
    return {kind: write_run(folder / kind, kind) for kind in KINDS}


@pytest.fixture
def fake_run(tmp_path: Path) -> Callable[..., Path]:
    """Write a run folder by kind: ``fake_run("table", name="0002-fit")``."""

    def write(kind: str = "images", name: str = "0001-fit", **changes: Any) -> Path:
        return write_run(tmp_path / "runs" / name, kind, **changes)

    return write


@pytest.fixture
def evaluation_of() -> Callable[..., dict[str, Any]]:
    """The plain content of an evaluation file for given class names."""
    return evaluation


@pytest.fixture
def mistake_of() -> Callable[..., dict[str, Any]]:
    """The plain content of one mistake."""
    return mistake


@pytest.fixture
def robustness_of() -> Callable[..., dict[str, Any]]:
    """The plain content of a robustness file."""
    return robustness


@pytest.fixture
def pruning_of() -> Callable[..., dict[str, Any]]:
    """What the result of a pruned run says of the pruning."""
    return pruning
