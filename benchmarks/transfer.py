"""Claim: with few labels, fine-tuning a trained network beats training from scratch.

A resnet20 learns five classes of fashion-mnist (trousers, dresses, coats, sandals, bags) from 20,000 images. The other
five (T-shirts, pullovers, shirts, sneakers, boots) are then learnt from 100 images, 20 a class, in 30 epochs, from
scratch and from those weights in each of the ways that `burnish fit` offers. Every way gets the same epochs and the
same sets of images, 5 of them; only the learning rate differs: the default for fresh weights (0.004), a tenth of it for
trained ones, and the full one where the head learns alone. Accuracy is that on all 5,000 test images of the classes.
A linear probe shows how much of the answer lies in the features as they are: five classes teach few of them.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

import burnish
from burnish.common.intervals import mean
from evidence import save

SOURCE = (1, 3, 4, 5, 8)
TARGET = (0, 2, 6, 7, 9)
LABELS_A_CLASS = 20
EPOCHS = 30
WAYS: dict[str, dict[str, Any]] = {
    "from scratch": {},
    "linear probe": {"freeze": "backbone", "learning_rate": 4e-3},
    "fine-tuning": {},
    "fine-tuning, layer decay 0.65": {"layer_decay": 0.65},
    "stem and first stage frozen": {"freeze": "stem,layer1"},
    "gradual unfreezing": {"unfreeze_epochs": 5},
    "probe 10 epochs, then fine-tuning": {"probe_epochs": 10},
}


def classes_of(source: Any, classes: tuple[int, ...]) -> tuple[torch.Tensor, torch.Tensor]:
    """All images of some classes as bytes, and their numbers among those."""
    inputs, labels = source.gather(torch.arange(len(source)))
    number = torch.full((10,), -1)
    number[list(classes)] = torch.arange(len(classes))
    labels = number[labels]
    return (inputs[labels >= 0] * 255).round().byte(), labels[labels >= 0]


def few(images: torch.Tensor, labels: torch.Tensor, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Some images of each class, drawn by the seed; the first 200 are for validation."""
    order = 200 + torch.randperm(len(labels) - 200, generator=torch.Generator().manual_seed(seed))
    chosen = torch.cat([order[labels[order] == number][:LABELS_A_CLASS] for number in range(len(TARGET))])
    return images[chosen], labels[chosen]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="sets of labelled images")
    parser.add_argument("--dry", action="store_true", help="print only; write no result")
    given = parser.parse_args()
    torch.set_num_threads(1)
    whole = burnish.data.load("fashion-mnist", seed=0)
    with tempfile.TemporaryDirectory() as folder:
        common: dict[str, Any] = {"model": "resnet20", "quiet": True, "out": folder, "threads": 1}
        images, labels = classes_of(whole.train, SOURCE)
        trained = burnish.fit(
            {"train": (images[:20_000], labels[:20_000]), "validation": classes_of(whole.validation, SOURCE)},
            epochs=3,
            **common,
        )
        print(f"source classes: {trained.metrics['validation']['accuracy']}", flush=True)
        images, labels = classes_of(whole.train, TARGET)
        test = classes_of(whole.test, TARGET)
        found: dict[str, list[tuple[float, float]]] = {way: [] for way in WAYS}
        for seed in range(given.seeds):
            data = {
                "train": few(images, labels, seed),
                "validation": classes_of(whole.validation, TARGET),
                "test": test,
            }
            for way, options in WAYS.items():
                start = {} if way == "from scratch" else {"weights": str(Path(trained.path) / "model.safetensors")}
                started = time.process_time()
                run = burnish.fit(data, epochs=EPOCHS, batch_size=20, seed=seed, **common, **start, **options)
                spent = time.process_time() - started
                found[way].append((burnish.evaluate(run, split="test").metrics["accuracy"].value, spent))
                print(f"seed {seed} {way}: {found[way][-1][0]:.4f} in {spent:.0f} s", flush=True)
    rows = [row(way, found[way], found["from scratch"]) for way in WAYS]
    gains = [r["gain over scratch"] for r in rows[1:]]
    notes = [
        f"{LABELS_A_CLASS} labels a class, {EPOCHS} epochs, {given.seeds} sets of images. A gain is the mean of paired "
        "differences; its interval is normal, at 95 %, over the sets.",
        f"Gains over training from scratch: {min(gains):+.3f} to {max(gains):+.3f}.",
    ]
    if given.dry:
        print(rows)
    else:
        save("transfer", rows, notes)


def row(way: str, own: list[tuple[float, float]], scratch: list[tuple[float, float]]) -> dict[str, Any]:
    accuracies = [accuracy for accuracy, _ in own]
    gains = [a - b for a, (b, _) in zip(accuracies, scratch, strict=True)]
    interval = mean(statistics.fmean(accuracies), _spread(accuracies), len(own))
    gain = mean(statistics.fmean(gains), _spread(gains), len(own))
    return {
        "way": way,
        "test accuracy": round(interval.value, 4),
        "low": round(interval.low, 4),
        "high": round(interval.high, 4),
        "gain over scratch": round(gain.value, 4),
        "gain low": round(gain.low, 4),
        "gain high": round(gain.high, 4),
        "cpu seconds": round(statistics.median(seconds for _, seconds in own), 1),
    }


def _spread(values: list[float]) -> float:
    return statistics.stdev(values) if len(values) > 1 else 0.0


if __name__ == "__main__":
    main()
