"""Claim: augmentation is at least 10 x torchvision and 1.5 x kornia at 32x32, and 1.2 x albumentations at 224x224.

Every way does the same to each image, with a draw of its own: rotation by any angle, translation by up to 10 %, scale
1/1.6 to 1.6, shear by 20 degrees, mirror, jitter of brightness, contrast, saturation (0.4) and hue (0.1), and one hole.
All start from the same bytes in memory and end with one float batch in [0, 1]. One thread.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

import published_models
from burnish.data.augment.augmentation import Augmentation
from burnish.data.augment.colour import Brightness, Contrast, Hue, Saturation
from burnish.data.augment.draws import Draws
from burnish.data.augment.geometry import HorizontalFlip, Rescale, Rotate, Shear, Translate
from burnish.data.augment.pixels import Cutout
from evidence import save, table

BARS = {(32, "torchvision v2"): 10.0, (32, "kornia"): 1.5, (224, "albumentations"): 1.2}
SIZES = {32: 128, 224: 32}
"""Side of an image: images of a batch."""
SHIFT, HOLE = 0.1, 0.4
SCALE, TILT = (1 / 1.6, 1.6), (-20.0, 20.0)

Way = Callable[[], Any]


def burnish_ways(images: torch.Tensor, files: list[np.ndarray]) -> dict[str, Way]:
    side = images.shape[-1]
    geometry = (Rotate(), Translate(pixels=SHIFT * side), Rescale(), Shear(), HorizontalFlip())
    augmentation = Augmentation((*geometry, Brightness(), Contrast(), Saturation(), Hue(), Cutout(share=HOLE)))
    index = torch.arange(len(images))
    return {
        "burnish, batches in memory": lambda: augmentation.batch(images, Draws(0, 0, index))[0],
        "burnish, images of files": lambda: augmentation.pictures(files, Draws(0, 0, index), (side, side))[0],
    }


def torchvision_way(images: torch.Tensor) -> Way:
    published_models.torchvision()
    from torchvision.transforms import InterpolationMode, v2

    change = v2.Compose(
        [
            v2.RandomAffine(180, (SHIFT, SHIFT), SCALE, [*TILT, 0, 0], InterpolationMode.BILINEAR),
            v2.RandomHorizontalFlip(),
            v2.ColorJitter(0.4, 0.4, 0.4, 0.1),
            v2.ToDtype(torch.float32, scale=True),
            v2.RandomErasing(1.0, (HOLE**2, HOLE**2), (1, 1)),
        ]
    )
    return lambda: torch.stack([change(image) for image in images])


def kornia_way(images: torch.Tensor) -> Way:
    import kornia.augmentation as K

    change = K.AugmentationSequential(
        K.RandomAffine(180, (SHIFT, SHIFT), SCALE, TILT, p=1.0),
        K.RandomHorizontalFlip(),
        K.ColorJitter(0.4, 0.4, 0.4, 0.1, p=1.0),
        K.RandomErasing((HOLE**2, HOLE**2), (1.0, 1.0), p=1.0),
        same_on_batch=False,
    )
    return lambda: change(images.float().div_(255))


def albumentations_way(files: list[np.ndarray]) -> Way:
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
    import albumentations as A

    hole = round(HOLE * files[0].shape[0])
    change = A.Compose(
        [
            A.Affine(
                SCALE,
                translate_percent=(-SHIFT, SHIFT),
                rotate=(-180, 180),
                shear={"x": TILT, "y": (0, 0)},
                p=1.0,
            ),
            A.HorizontalFlip(p=0.5),
            A.ColorJitter((0.6, 1.4), (0.6, 1.4), (0.6, 1.4), (-0.1, 0.1), p=1.0),
            A.CoarseDropout((1, 1), (hole, hole), (hole, hole), p=1.0),
        ]
    )

    def run() -> torch.Tensor:
        stacked = np.stack([change(image=image)["image"] for image in files])
        return torch.from_numpy(stacked).permute(0, 3, 1, 2).float().div_(255).contiguous()

    return run


def all_ways(side: int, count: int) -> dict[str, Way]:
    rng = torch.Generator().manual_seed(0)
    images = torch.randint(256, (count, 3, side, side), generator=rng, dtype=torch.uint8)
    files = [np.ascontiguousarray(image.permute(1, 2, 0).numpy()) for image in images]
    ways = burnish_ways(images, files)
    for name, package, make in (
        ("torchvision v2", "torchvision", lambda: torchvision_way(images)),
        ("kornia", "kornia", lambda: kornia_way(images)),
        ("albumentations", "albumentations", lambda: albumentations_way(files)),
    ):
        if not published_models.missing(package):
            ways[name] = make()
    return ways


def us_per_image(way: Way, count: int, seconds: float) -> float:
    """CPU microseconds per image over at least so many seconds."""
    start, done = time.process_time(), 0
    while done == 0 or time.process_time() - start < seconds:
        way()
        done += count
    return (time.process_time() - start) / done * 1e6


def measure(rounds: int, seconds: float) -> list[dict[str, Any]]:
    rows = []
    for side, count in SIZES.items():
        ways = all_ways(side, count)
        names = list(ways)
        us: dict[str, list[float]] = {name: [] for name in names}
        for number in range(rounds + 1):
            for name in names[number % len(names) :] + names[: number % len(names)]:
                took = us_per_image(ways[name], count, seconds)
                if number:  # the first round warms caches up
                    us[name].append(took)
        best = min((name for name in names if name.startswith("burnish")), key=lambda name: statistics.median(us[name]))
        for name, times in us.items():
            ratios = [theirs / ours for theirs, ours in zip(times, us[best], strict=True)]
            rows.append(
                {
                    "size": side,
                    "what": name,
                    "us_per_image": statistics.median(times),
                    "images_per_s": 1e6 / statistics.median(times),
                    "times_the_time_of_burnish": statistics.median(ratios),
                    "bar": BARS.get((side, name)),
                }
            )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.3, help="at least, for a way in a round")
    parser.add_argument("--dry", action="store_true", help="print, and leave the committed result alone")
    chosen = parser.parse_args()

    import cv2

    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rows = measure(chosen.rounds, chosen.seconds)
    if chosen.dry:
        print(table(rows))
        return
    save(
        "augment",
        rows,
        [
            f"{chosen.rounds} rounds, the ways in turn; CPU time of the process on one thread, medians. Ratios are to "
            "the faster of burnish's two ways, within a round. Draws, maps and the change from bytes to floats count."
        ],
        packages=("opencv-python-headless", "torchvision", "kornia", "albumentations"),
    )
    for row in rows:
        if row["bar"] is not None and row["times_the_time_of_burnish"] < row["bar"]:
            raise SystemExit(
                f"{row['what']} at {row['size']} takes {row['times_the_time_of_burnish']:.2f} x burnish: "
                f"less than {row['bar']:g}"
            )


if __name__ == "__main__":
    main()
