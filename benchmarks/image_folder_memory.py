"""Claim: fitting an image folder ten times larger than the cache limit takes no more memory than a small one.

``burnish fit`` runs in a process of its own on a folder of generated JPEGs, one epoch. What is compared is the kernel's
own high-water mark of resident memory (VmHWM), of the process and of the largest of its workers: a peak cannot slip
through between two looks. Libraries and pages shared with workers are part of it, for either folder.
The C library is told to give large blocks back as soon as they are freed, so that the number is what burnish holds and
not what the allocator keeps for later; rows with its usual behaviour stand beside. The last row keeps the large folder
decoded in memory: what would be seen if memory did grow with the folder.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from evidence import save, table

SIDE = 64
CACHE_MB = 20
DECODED = SIDE * SIDE * 3
MIB = 2**20
FIT = "--model lenet5 --epochs 1 --batch-size 128 --validation 0.4 --test 0.1 --threads 1 --quiet"
"""Batches of one size for both folders, and enough validation for even the small one to fill the queues of workers."""


def make_folder(folder: Path, count: int) -> Path:
    """JPEGs of two classes: noise over a gradient that runs across or down."""
    import cv2

    rng = np.random.default_rng(0)
    ramp = np.linspace(0, 160, SIDE, dtype=np.float32)
    for number in range(count):
        down = number % 2
        plane = np.broadcast_to(ramp[:, None] if down else ramp[None, :], (SIDE, SIDE))
        image = plane[:, :, None] + rng.uniform(0, 95, (SIDE, SIDE, 3))
        target = folder / ("down" if down else "across") / f"{number:06d}.jpg"
        target.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(target), image.astype(np.uint8))
    return folder


def children(process: int) -> list[int]:
    """Every process that descends from this one."""
    found = []
    for listing in Path(f"/proc/{process}/task").glob("*/children"):
        for child in map(int, listing.read_text().split()):
            found += [child, *children(child)]
    return found


def high_water_mb(process: int) -> float:
    """The most that was ever resident of a process; 0 where it is gone."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM:")), 0.0)


@dataclass(frozen=True)
class Plan:
    """One way to fit a folder of so many images."""

    images: int
    workers: int
    cache_mb: int = CACHE_MB
    frees_at_once: bool = True

    @property
    def is_cached(self) -> bool:
        return self.images * DECODED <= self.cache_mb * MIB


def watch(folder: Path, plan: Plan) -> tuple[float, float]:
    """Fit one epoch; peaks of the process and of its largest worker, 0 without workers."""
    environment = os.environ | ({"MALLOC_MMAP_THRESHOLD_": str(256 * 1024)} if plan.frees_at_once else {})
    with tempfile.TemporaryDirectory() as out:
        words = f"--data {folder} --workers {plan.workers} --cache-mb {plan.cache_mb} --out {out}"
        command = [sys.executable, "-m", "burnish", "fit", *FIT.split(), *words.split()]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
        main_peak = worker_peak = 0.0
        while process.poll() is None:
            main_peak = max(main_peak, high_water_mb(process.pid))
            worker_peak = max([worker_peak, *map(high_water_mb, children(process.pid))])
            time.sleep(0.01)
        if process.returncode:
            raise SystemExit(f"burnish fit failed with exit code {process.returncode}")
    return main_peak, worker_peak if plan.workers else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--times", type=float, default=10.0, help="size of the large folder in cache limits")
    parser.add_argument("--dry", action="store_true", help="print, and leave the committed result alone")
    chosen = parser.parse_args()
    if not Path("/proc/self/status").exists():
        raise SystemExit("this benchmark reads /proc, which only Linux has")

    small, large = int(1.1 * CACHE_MB * MIB / DECODED), int(chosen.times * CACHE_MB * MIB / DECODED)
    plans = [
        *(Plan(images, workers) for workers in (0, 2) for images in (small, large)),
        *(Plan(images, 0, frees_at_once=False) for images in (small, large)),
        Plan(large, 0, cache_mb=1024),
    ]
    peaks: dict[Plan, list[tuple[float, float]]] = {plan: [] for plan in plans}
    with tempfile.TemporaryDirectory() as root:
        folders = {images: make_folder(Path(root) / str(images), images) for images in (small, large)}
        for _ in range(chosen.rounds):
            for plan in plans:
                peaks[plan].append(watch(folders[plan.images], plan))
    middle = {plan: [statistics.median(column) for column in zip(*found, strict=True)] for plan, found in peaks.items()}
    rows: list[dict[str, Any]] = []
    for plan in plans:
        peak, worker_peak = middle[plan]
        small_peak, small_worker = middle[Plan(small, plan.workers, frees_at_once=plan.frees_at_once)]
        over = peak - small_peak + plan.workers * (worker_peak - small_worker)
        judged = plan.images == large and plan.frees_at_once and not plan.is_cached
        rows.append(
            {
                "images": plan.images,
                "decoded_mb": plan.images * DECODED / MIB,
                "read": "once, kept decoded" if plan.is_cached else "while training",
                "workers": plan.workers,
                "allocator": "gives back" if plan.frees_at_once else "usual",
                "peak_mb": peak,
                "worker_peak_mb": worker_peak if plan.workers else None,
                "over_small_mb": over if plan.images == large else None,
                "bar_mb": CACHE_MB if judged else None,
            }
        )
    if chosen.dry:
        print(table(rows))
        return
    save(
        "image_folder_memory",
        rows,
        [
            f"burnish fit {FIT} --cache-mb {CACHE_MB} on JPEGs of {SIDE}x{SIDE}; medians of {chosen.rounds} runs. "
            "over_small_mb is the growth of the main process and of all workers together.",
            f"Flat means: the large folder takes at most the cache limit, {CACHE_MB} MB, more than the small one.",
        ],
        packages=["opencv-python-headless"],
    )
    grown = [row for row in rows if row["bar_mb"] is not None and row["over_small_mb"] > row["bar_mb"]]
    if grown:
        raise SystemExit(f"memory grew by {grown[0]['over_small_mb']:.0f} MB with {grown[0]['workers']} workers")


if __name__ == "__main__":
    main()
