"""Claim: fitting an image folder ten times larger than the cache limit takes no more memory than a small one.

``burnish fit`` runs in a process of its own on a folder of generated JPEGs, one epoch; beside it the memory of that
process and its workers is read from /proc every few milliseconds. It is the proportional set size: a page that workers
share with their parent counts once. The C library is told to give large blocks back as soon as they are freed, so that
the number is what burnish holds and not what the allocator keeps for later; rows with its usual behaviour stand beside.
The last row keeps the large folder decoded in memory: what would be seen if memory did grow with the folder.
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
FIT = "--model lenet5 --epochs 1 --validation 0.2 --threads 1 --quiet"
"""A fifth for validation, so that even the small folder fills a whole batch of the evaluation."""


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


def memory_mb(process: int) -> float:
    """Proportional set size of a process and its descendants; 0 where they are gone."""
    total = 0
    try:
        for member in [process, *children(process)]:
            for line in Path(f"/proc/{member}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return total / 1024


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


def watch(folder: Path, plan: Plan) -> list[float]:
    """Fit one epoch; the memory over time."""
    environment = os.environ | ({"MALLOC_MMAP_THRESHOLD_": str(256 * 1024)} if plan.frees_at_once else {})
    with tempfile.TemporaryDirectory() as out:
        words = f"--data {folder} --workers {plan.workers} --cache-mb {plan.cache_mb} --out {out}"
        command = [sys.executable, "-m", "burnish", "fit", *FIT.split(), *words.split()]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
        seen = []
        while process.poll() is None:
            seen.append(memory_mb(process.pid))
            time.sleep(0.02)
        if process.returncode:
            raise SystemExit(f"burnish fit failed with exit code {process.returncode}")
    return seen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--times", type=float, default=10.0, help="size of the large folder in cache limits")
    parser.add_argument("--dry", action="store_true", help="print, and leave the committed result alone")
    chosen = parser.parse_args()
    if not Path("/proc/self/smaps_rollup").exists():
        raise SystemExit("this benchmark reads /proc/PID/smaps_rollup, which only Linux has")

    small, large = int(1.1 * CACHE_MB * MIB / DECODED), int(chosen.times * CACHE_MB * MIB / DECODED)
    plans = [
        *(Plan(images, workers) for workers in (0, 2) for images in (small, large)),
        *(Plan(images, 0, frees_at_once=False) for images in (small, large)),
        Plan(large, 0, cache_mb=1024),
    ]
    peaks: dict[Plan, list[float]] = {plan: [] for plan in plans}
    with tempfile.TemporaryDirectory() as root:
        folders = {images: make_folder(Path(root) / str(images), images) for images in (small, large)}
        for _ in range(chosen.rounds):
            for plan in plans:
                peaks[plan].append(max(watch(folders[plan.images], plan)))
    rows: list[dict[str, Any]] = []
    for plan in plans:
        base = Plan(small, plan.workers, frees_at_once=plan.frees_at_once)
        peak, of_small = statistics.median(peaks[plan]), statistics.median(peaks[base])
        judged = plan.images == large and plan.frees_at_once and not plan.is_cached
        rows.append(
            {
                "images": plan.images,
                "decoded_mb": plan.images * DECODED / MIB,
                "read": "once, kept decoded" if plan.is_cached else "while training",
                "workers": plan.workers,
                "allocator": "gives back" if plan.frees_at_once else "usual",
                "peak_mb": peak,
                "over_small_mb": peak - of_small if plan.images == large else None,
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
            f"burnish fit {FIT} --cache-mb {CACHE_MB} on JPEGs of {SIDE}x{SIDE}; median of the peaks of "
            f"{chosen.rounds} runs; main process and workers together.",
            f"Flat means: the large folder takes at most the cache limit, {CACHE_MB} MB, more than the small one.",
        ],
        packages=["opencv-python-headless"],
    )
    grown = [row for row in rows if row["bar_mb"] is not None and row["over_small_mb"] > row["bar_mb"]]
    if grown:
        raise SystemExit(f"memory grew by {grown[0]['over_small_mb']:.0f} MB with {grown[0]['workers']} workers")


if __name__ == "__main__":
    main()
