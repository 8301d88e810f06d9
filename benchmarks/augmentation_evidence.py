"""Claim: on 1,000 training images, augmentation narrows the gap between training and test accuracy, and lifts the test.

A resnet20 of width 8 is fitted to 1,000 images of fashion-mnist and of CIFAR-10 (JPEG), 100 a class, under each preset
of `burnish fit --augment`; everything else stays the same. Each seed draws its own 1,000 images, weights and order, and
is shared by the presets, so that they can be compared seed by seed. Training accuracy is that on the 1,000 images as
they are, test accuracy that on the set's own 10,000. Intervals are those of Student's t distribution over the seeds.

Both sets come from BURNISH_DATA (see docs/getting-started.md); a set that is absent is left out, and the result says
so. One thread; about ten minutes.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import tarfile
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import burnish
from burnish.common.errors import InputError
from burnish.common.seeding import generator
from burnish.data import Data, TensorSource
from burnish.data.images.decoders import decode
from burnish.data.source import Subset
from burnish.reporting.figures.canvas import SERIES
from evidence import save
from pictures import IMAGES, picture

SETS = ("fashion-mnist", "CIFAR-10 (JPEG)")
PRESETS = ("none", "light", "medium", "heavy")
EPOCHS = 40
BATCH = 50
PER_CLASS = 100
PICTURE = IMAGES / "augmentation_evidence.svg"


@dataclass(frozen=True)
class Fitted:
    """What one fit came to."""

    train: float
    test: float
    seconds: float

    @property
    def gap(self) -> float:
        return self.train - self.test


def whole(name: str) -> Data:
    """A set with its own test split and nothing held out.

    Raises:
        InputError: the set is not there.
    """
    if name == "fashion-mnist":
        return burnish.data.load(name, validation=0.0)
    archive = Path(os.environ.get("BURNISH_DATA", ".")) / "cifar10-jpeg" / "cifar10-jpeg.tar.gz"
    if not archive.exists():
        raise InputError(f"BURNISH_DATA names no folder with {archive.parent.name}/{archive.name}")
    images: dict[str, list[Tensor]] = {"train": [], "test": []}
    classes: dict[str, list[str]] = {"train": [], "test": []}
    with tarfile.open(archive) as tar:
        for member in tar:
            file = tar.extractfile(member)
            if file is not None:
                split, label, _ = member.name.split("/")
                images[split].append(torch.from_numpy(decode(file.read())).permute(2, 0, 1))
                classes[split].append(label)
    names = tuple(sorted(set(classes["train"])))
    splits = {
        split: TensorSource(torch.stack(found), torch.tensor([names.index(label) for label in classes[split]]))
        for split, found in images.items()
    }
    schema = burnish.data.Schema("image", "classification", (3, 32, 32), classes=names)
    nothing = Subset(splits["train"], torch.arange(0))
    return Data("cifar10-jpeg", schema, splits["train"], nothing, splits["test"])


def few(data: Data, seed: int, per_class: int) -> Data:
    """The same data with as many training samples of every class, drawn by the seed."""
    labels = data.train.labels()
    assert labels is not None
    order = torch.randperm(len(labels), generator=generator(seed, "few"))
    chosen = [order[labels[order] == label][:per_class] for label in range(len(data.schema.classes))]
    nothing = Subset(data.train, torch.arange(0))
    return replace(data, train=Subset(data.train, torch.cat(chosen)), validation=nothing, origin=None)


def fitted(data: Data, augment: str, seed: int, epochs: int) -> Fitted:
    """Fit, and score the training images as they are and the test split."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.process_time()
        run = burnish.fit(
            data,
            "resnet20",
            model_option={"width": 8},
            augment=augment,
            epochs=epochs,
            batch_size=BATCH,
            seed=seed,
            threads=1,
            checkpoint_epochs=epochs,
            quiet=True,
            out=folder,
        )
        seconds = time.process_time() - started
        train, test = (
            burnish.evaluate(run, data=data, split=split, mistakes=0).metrics["accuracy"].value
            for split in ("train", "test")
        )
        return Fitted(train, test, seconds)


def over_seeds(values: Sequence[float]) -> tuple[float, float | None]:
    """The mean, and half the width of its 95 % interval by Student's t distribution; None for one seed."""
    from scipy.stats import t

    if len(values) < 2:
        return round(values[0], 4), None
    error = statistics.stdev(values) / math.sqrt(len(values))
    return round(statistics.fmean(values), 4), round(float(t.ppf(0.975, len(values) - 1)) * error, 4)


def row(name: str, augment: str, found: list[Fitted], plain: list[Fitted]) -> dict[str, Any]:
    """One preset on one set; what it gains is compared seed by seed."""
    columns = {
        "train": [fit.train for fit in found],
        "test": [fit.test for fit in found],
        "gap": [fit.gap for fit in found],
    }
    if found is not plain:
        columns["over none"] = [ours.test - theirs.test for ours, theirs in zip(found, plain, strict=True)]
    made: dict[str, Any] = {"images": name, "augment": augment, "seeds": len(found)}
    for column, values in columns.items():
        made[column], made[f"{column} ±"] = over_seeds(values)
    if found is plain:
        made |= {"over none": None, "over none ±": None}
    return made | {"cpu seconds a fit": round(statistics.median(fit.seconds for fit in found), 1)}


def figure(rows: Sequence[dict[str, Any]]) -> str:
    """Training and test accuracy of every preset, with intervals, as an SVG file for light and dark pages."""

    def paint(axes: Any) -> None:
        places, labels = [], []
        place = 0.0
        for number, shown in enumerate(rows):
            if number and shown["images"] != rows[number - 1]["images"]:
                place += 0.8
            axes.plot([shown["test"], shown["train"]], [place, place], color=SERIES[0], linewidth=1, alpha=0.35)
            for column, colour, marker in (("train", SERIES[1], "s"), ("test", SERIES[0], "o")):
                half = shown[f"{column} ±"]
                if half is not None:
                    ends = [max(0.0, shown[column] - half), min(1.0, shown[column] + half)]
                    axes.plot(ends, [place, place], color=colour, linewidth=5, alpha=0.35, solid_capstyle="butt")
                axes.plot([shown[column]], [place], color=colour, marker=marker, markersize=6, linestyle="")
            places.append(place)
            labels.append(f"{shown['images']}: {shown['augment']}")
            place += 1
        axes.set_yticks(places, labels)
        axes.set_ylim(place - 0.4, -0.6)
        axes.grid(False, axis="y")
        axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
        axes.set_xlabel("accuracy: circles test, squares training, with 95 % intervals")

    description = "; ".join(
        f"{shown['images']}, {shown['augment']}: training {shown['train']:.1%}, test {shown['test']:.1%}"
        for shown in rows
    )
    title = "Accuracy on 1,000 training images and on the test split by augmentation"
    height = 1.0 + 0.32 * len(rows)
    return picture(paint, name="augmentation", title=title, description=description, size=(6.8, height))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--per-class", type=int, default=PER_CLASS)
    parser.add_argument("--dry", metavar="SVG", type=Path, help="write no result, and the picture here")
    given = parser.parse_args()
    torch.set_num_threads(1)
    rows, absent = [], []
    for name in SETS:
        try:
            data = whole(name)
        except InputError as error:
            absent.append(f"{name} was left out: {error}")
            continue
        splits = [few(data, seed, given.per_class) for seed in range(given.seeds)]
        plain: list[Fitted] = []
        for augment in PRESETS:
            found = []
            for seed, split in enumerate(splits):
                found.append(fitted(split, augment, seed, given.epochs))
                print(f"{name}, {augment}, seed {seed}: {found[-1]}", flush=True)
            plain = plain or found
            rows.append(row(name, augment, found, plain))
    if not rows:
        raise SystemExit("; ".join(absent))
    notes = [
        f"resnet20 of width 8, {given.epochs} epochs in batches of {BATCH}, AdamW at 4e-3, one-cycle; "
        f"{10 * given.per_class:,} training images.",
        "CIFAR-10 (JPEG) is CIFAR-10 encoded again at quality 75: not to be compared with published accuracies.",
        "Train is accuracy on the training images as they are, gap is train less test, over none the difference in "
        "test accuracy to the fits without augmentation, seed by seed; ± is half of the 95 % interval of Student's t.",
        *absent,
    ]
    if given.dry is None:
        save("augmentation_evidence", rows, notes)
        PICTURE.parent.mkdir(exist_ok=True)
    else:
        print(rows, notes, sep="\n")
    (given.dry or PICTURE).write_text(figure(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
