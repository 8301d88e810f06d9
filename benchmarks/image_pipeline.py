"""Claim: from a folder of JPEG files to training batches at >= 1.5 x the rate of a torchvision-style Pillow dataset.

Files of 500x375 pixels, a common size of photos in research sets, to batches of 32 crops of 3x224x224, on one core, in
this process: CPU time, decoding included. Both do the same things at random: a resized crop and a mirror (`flip-crop`),
and brightness, contrast, saturation and hue besides (`light`). The peer is what most training scripts use: Pillow
decodes, torchvision's transforms change the picture, `ToTensor` and the default collation make the batch.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from burnish.data import make_loader
from burnish.data.augment.presets import preset
from burnish.data.augment.source import AugmentedSource
from burnish.data.images.file_list import FileList
from burnish.data.images.source import ImageFolderSource
from evidence import save, table

BAR = 1.5
SIZE, SIDE, BATCH = (500, 375), 224, 32
WORKLOADS = {"flip-crop": ((0.08, 1.0), None), "light": ((0.5, 1.0), (0.2, 0.2, 0.2, 0.02))}
"""For each preset: area of its crop, and amounts of brightness, contrast, saturation and hue."""


def write_files(folder: Path, count: int) -> list[str]:
    """Different windows of two photographs that scikit-learn brings along."""
    from PIL import Image
    from sklearn.datasets import load_sample_images

    photos = [Image.fromarray(photo) for photo in load_sample_images().images]
    chance = np.random.default_rng(0)
    names = [f"{number:03}.jpg" for number in range(count)]
    for number, name in enumerate(names):
        photo = photos[number % len(photos)]
        left, top = (chance.integers(0, side // 4) for side in photo.size)
        window = photo.crop((left, top, left + photo.width * 3 // 4, top + photo.height * 3 // 4))
        window.resize(SIZE, Image.Resampling.LANCZOS).save(folder / name, quality=90)
    return names


class PillowFolder(Dataset[Any]):
    """What a tutorial writes."""

    def __init__(self, files: FileList, transform: Callable[[Any], Any]) -> None:
        self.files, self.transform = files, transform

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, number: int) -> tuple[torch.Tensor, int]:
        from PIL import Image

        with Image.open(self.files[number]) as image:
            return self.transform(image.convert("RGB")), 0


def pillow_loader(files: FileList, area: tuple[float, float], jitter: tuple[float, ...] | None) -> Any:
    from published_models import torchvision

    torchvision()
    from torchvision import transforms

    steps = [transforms.RandomResizedCrop(SIDE, scale=area), transforms.RandomHorizontalFlip()]
    steps += [transforms.ColorJitter(*jitter)] if jitter else []
    return DataLoader(PillowFolder(files, transforms.Compose([*steps, transforms.ToTensor()])), BATCH, shuffle=True)


def images_per_second(batches: Any) -> float:
    """Images per second of this process's CPU time."""
    start, count = time.process_time(), 0
    for batch in batches:
        count += len(batch[0] if isinstance(batch, list) else batch.inputs)
    return count / (time.process_time() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--files", type=int, default=128)
    parser.add_argument("--dry", action="store_true", help="print, and leave the committed result alone")
    chosen = parser.parse_args()

    import cv2

    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        files = FileList(folder, write_files(Path(folder), chosen.files))
        source = ImageFolderSource(files, torch.zeros(len(files), dtype=torch.int64), (3, SIDE, SIDE))
        for name, (area, jitter) in WORKLOADS.items():
            augmentation = preset(name, (3, SIDE, SIDE))
            ours = make_loader(
                AugmentedSource(source, augmentation, 0, canvas=(SIDE, SIDE)), BATCH, shuffle=True, seed=0
            )
            theirs = pillow_loader(files, area, jitter)
            rates: dict[str, list[float]] = {"burnish": [], "torchvision on Pillow": []}
            for number in range(chosen.rounds + 1):
                mine, peer = images_per_second(ours.batches(number)), images_per_second(theirs)
                if number:  # the first round warms caches up
                    rates["burnish"].append(mine)
                    rates["torchvision on Pillow"].append(peer)
            ratio = statistics.median(a / b for a, b in zip(*rates.values(), strict=True))
            rows += [
                {
                    "augment": name,
                    "pipeline": pipeline,
                    "images_per_second": statistics.median(found),
                    "to_peer": ratio if pipeline == "burnish" else 1.0,
                    "bar": BAR if pipeline == "burnish" else None,
                }
                for pipeline, found in rates.items()
            ]
    if chosen.dry:
        print(table(rows))
        return
    save(
        "image_pipeline",
        rows,
        f"{chosen.rounds} rounds of {chosen.files} files of {SIZE[0]}x{SIZE[1]} pixels in turn, CPU time of the "
        "process on one thread; medians, to_peer that of the rounds' ratios. Files lie in the system's cache.",
        packages=["torchvision", "pillow", "opencv-python-headless"],
    )
    missed = [row for row in rows if row["bar"] is not None and row["to_peer"] < row["bar"]]
    if missed:
        raise SystemExit(f"{missed[0]['augment']}: {missed[0]['to_peer']:.2f} x the peer's rate, less than {BAR:g} x")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
