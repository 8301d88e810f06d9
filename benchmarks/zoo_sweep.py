"""Claim: every family of the zoo learns with one recipe: >= 80 % of fashion-mnist's test set from 10,000 images.

The smallest variant of every family, made smaller still where :data:`FAMILIES` says so, on 10,000 training images of
28x28 pixels. One recipe for all: AdamW with a peak rate of 0.002, one-cycle, batches of 64, weight decay 0.05, 3
epochs (5 and a rate of 0.0005 for transformers), no augmentation, 10,000 test images. Nothing is tuned for a family but
its width, depth, stem or patch, so the table says that each learns, not which is best. Latency is that of one image,
fp32, one thread. Families without numbers have not been run yet.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from typing import Any

import torch

import burnish
from burnish.common.intervals import mean
from burnish.models import count, create, measure_latency
from burnish.reporting.figures.canvas import INK, SERIES
from evidence import RESULTS, save
from pictures import IMAGES, picture

BAR = 0.80
TRAIN = 10_000
RECIPE: dict[str, Any] = {
    "epochs": 3,
    "batch_size": 64,
    "optimizer": "adamw",
    "learning_rate": 2e-3,
    "weight_decay": 0.05,
    "schedule": "one-cycle",
}
FAMILIES: dict[str, dict[str, Any]] = {
    "lenet5": {},
    "alexnet": {"hidden": 512},
    "alexnet-2012": {"hidden": 512},
    "vgg11-bn": {},
    "googlenet": {"stem": "imagenet"},
    "inception-v1": {"stem": "imagenet"},
    "inception-v2": {"stem": "imagenet"},
    "inception-v3": {},
    "inception-v4": {"blocks": (1, 1, 1)},
    "inception-resnet-v2": {"blocks": (1, 1, 1)},
    "resnet20": {},
    "resnet32": {"stochastic_depth": 0.5},
    "resnet18": {"stem": "imagenet"},
    "preact-resnet20": {},
    "wrn-16-4": {},
    "resnext50-32x4d": {"stem": "imagenet"},
    "deformable-resnet18": {"stem": "imagenet"},
    "densenet-40-12": {"depth": 22},
    "fractalnet-small": {},
    "mobilenet-v1": {"width": 0.5},
    "mobilenet-v2": {"width": 0.5},
    "efficientnet-b0": {"width": 0.5},
    "vit-tiny": {"patch_size": 7},
    "swin-t": {},
    "convnext-atto": {},
}
"""By family: the options that make it small enough for a minute or two on one core."""


TRANSFORMERS: dict[str, Any] = {"epochs": 5, "learning_rate": 5e-4}
"""Families without convolutions have to learn what a neighbourhood is, and do not at the rate of the others."""


def images() -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """10,000 images to learn from, 2,000 others to watch, and the whole test split."""
    data = burnish.data.load("fashion-mnist", seed=0)
    order = torch.randperm(len(data.train), generator=torch.Generator().manual_seed(0))

    def taken(source: Any, index: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        inputs, labels = source.gather(index)
        return (inputs * 255).round().byte(), labels

    return {
        "train": taken(data.train, order[:TRAIN]),
        "validation": taken(data.train, order[TRAIN : TRAIN + 2000]),
        "test": taken(data.test, torch.arange(len(data.test))),
    }


def recipe_of(name: str) -> dict[str, Any]:
    """The one recipe, gentler and longer for transformers."""
    return RECIPE | (TRANSFORMERS if name.startswith(("vit", "swin")) else {})


def learn(name: str, options: dict[str, Any], data: Any, seed: int) -> tuple[float, float]:
    """CPU seconds of the fit, and test accuracy."""
    recipe = recipe_of(name)
    with tempfile.TemporaryDirectory() as folder:
        started = time.process_time()
        run = burnish.fit(
            data=data, model=name, model_option=options, seed=seed, threads=1, quiet=True, out=folder, **recipe
        )
        spent = time.process_time() - started
        return spent, burnish.evaluate(run, split="test").metrics["accuracy"].value


def measure(name: str, options: dict[str, Any], data: Any, seeds: int) -> dict[str, Any]:
    fits = [learn(name, options, data, seed) for seed in range(seeds)]
    accuracies = [accuracy for _, accuracy in fits]
    interval = mean(statistics.fmean(accuracies), statistics.stdev(accuracies) if seeds > 1 else 0.0, seeds)
    model = create(name, 10, 1, 28, **options).eval()
    example = torch.zeros(1, 1, 28, 28)
    counts = count(model, example)
    return {
        "model": name,
        "options": ", ".join(f"{key}={value}" for key, value in options.items()) or "-",
        "parameters": counts.parameters,
        "MMACs": round(counts.macs / 1e6, 2),
        "epochs": recipe_of(name)["epochs"],
        "test accuracy": round(interval.value, 4),
        "low": round(max(0.0, interval.low), 4) if seeds > 1 else None,
        "high": round(min(1.0, interval.high), 4) if seeds > 1 else None,
        "lowest": round(min(accuracies), 4),
        "seeds": seeds,
        "cpu seconds": round(statistics.median(seconds for seconds, _ in fits), 1),
        "latency ms": round(measure_latency(model, example).median, 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", default="", help="families with commas between; the others keep their last rows")
    parser.add_argument("--latency", action="store_true", help="only measure the latencies of the last rows anew")
    parser.add_argument("--dry", action="store_true", help="print only; write no result")
    given = parser.parse_args()
    torch.set_num_threads(1)
    file = RESULTS / "zoo_sweep.json"
    kept = json.loads(file.read_text())["rows"] if file.exists() else []
    rows = {row["model"]: row for row in kept if row["lowest"] is not None}
    chosen = [name for name in given.only.split(",") if name] or list(FAMILIES)
    if given.latency:
        for name, row in rows.items():
            model = create(name, 10, 1, 28, **FAMILIES[name]).eval()
            row["latency ms"] = round(measure_latency(model, torch.zeros(1, 1, 28, 28)).median, 3)
    else:
        data = images()
        for name in chosen:
            rows[name] = measure(name, FAMILIES[name], data, given.seeds)
            print(rows[name], flush=True)
            if not given.dry:
                write([rows[name] for name in FAMILIES if name in rows])
    if not given.dry:
        write([rows[name] for name in FAMILIES if name in rows])


def write(rows: list[dict[str, Any]]) -> None:
    learnt = sum(row["lowest"] >= BAR for row in rows)
    waiting = [name for name in FAMILIES if name not in {row["model"] for row in rows}]
    notes = [
        f"Bar: test accuracy >= {BAR:.2f} with every seed, in {RECIPE['epochs']} epochs of {TRAIN:,} images; "
        f"{TRANSFORMERS['epochs']} at a quarter of the rate for transformers.",
        f"Measured: {learnt} of {len(rows)} families; the interval is over seeds, where there are several.",
        f"Not run yet: {', '.join(waiting) or 'none'}.",
        "CPU seconds of one fit on one thread, with validation, checkpoints and the final score.",
    ]
    save("zoo_sweep", [*rows, *({**dict.fromkeys(rows[0]), "model": name} for name in waiting)], notes)
    IMAGES.mkdir(exist_ok=True)
    (IMAGES / "zoo_sweep.svg").write_text(figure(rows), encoding="utf-8")


def figure(rows: list[dict[str, Any]]) -> str:
    """Test accuracy against latency, a dot a family, with the interval over seeds where there are several."""
    ordered = sorted(rows, key=lambda row: float(row["latency ms"]))

    def paint(axes: Any) -> None:
        axes.set_xscale("log")
        for number, row in enumerate(ordered):
            x, y = row["latency ms"], row["test accuracy"]
            if row["low"] is not None:
                axes.plot([x, x], [row["low"], row["high"]], color=SERIES[0], linewidth=4, alpha=0.35)
            axes.plot([x], [y], color=SERIES[0], marker="o", markersize=5, linestyle="")
            right = number % 2 == 0  # neighbours take turns on the two sides of their dots
            place = {"xytext": (6 if right else -6, 0), "textcoords": "offset points", "va": "center"}
            axes.annotate(row["model"], (x, y), ha="left" if right else "right", fontsize=7, color=INK, **place)
        axes.axhline(BAR, color=SERIES[1], linewidth=1, linestyle="--")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
        axes.set_xlabel("latency of one image in ms, fp32, one thread")
        axes.set_ylabel("test accuracy")

    description = "; ".join(
        f"{row['model']}: {row['test accuracy']:.1%} at {row['latency ms']:.3g} ms" for row in ordered
    )
    title = "Accuracy on fashion-mnist against latency, one recipe for every family"
    return picture(paint, name="sweep", title=title, description=description, size=(8.8, 6.4))


if __name__ == "__main__":
    main()
