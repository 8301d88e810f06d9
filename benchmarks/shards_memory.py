"""Claim: a set of shards ten times larger than the memory that a process may use is trained on with flat memory.

``burnish fit`` runs in a process of its own under a hard limit of the kernel on memory of its own (RLIMIT_DATA: heap
and private pages, for it and for every worker), one epoch on tars of noise in the WebDataset layout. What is compared
with a small set is the high-water mark of resident memory (VmHWM), of the process and of the largest of its workers, as
in ``image_folder_memory.py``. Pages of the shards that the kernel keeps belong to no process and are not limited.
"""

from __future__ import annotations

import argparse
import io
import os
import resource
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from evidence import save, table
from image_folder_memory import children, high_water_mb

LIMIT_MB = 384
SIDE = 256
IMAGE_MB = SIDE * SIDE * 3 / 2**20
PER_SHARD = 500
MIB = 2**20
SMALL = 1500
BAR_MB = 20
LASTING = 10
"""Looks, 10 ms apart, after which a child is a worker."""
FIT = "--model lenet5 --input-size 32 --epochs 1 --batch-size 128 --cache-mb 0 --validation 600 --threads 1 --quiet"


def write_shards(folder: Path, count: int) -> str:
    """Tars of stored (not compressed) PNGs of noise in two classes; gives the pattern that names them."""
    import cv2

    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    shards = -(-count // PER_SHARD)
    for shard in range(shards):
        with tarfile.open(folder / f"{shard:06d}.tar", "w") as archive:
            for number in range(shard * PER_SHARD, min(count, (shard + 1) * PER_SHARD)):
                image = rng.integers(0, 256, (SIDE, SIDE, 3), np.uint8)
                _, packed = cv2.imencode(".png", image, [cv2.IMWRITE_PNG_COMPRESSION, 0])
                for name, content in ((f"{number}.png", packed.tobytes()), (f"{number}.cls", b"%d" % (number % 2))):
                    header = tarfile.TarInfo(name)
                    header.size = len(content)
                    archive.addfile(header, io.BytesIO(content))
    return f"{folder}/{{000000..{shards - 1:06d}}}.tar"


def watch(pattern: str, count: int, workers: int) -> tuple[float, float, float]:
    """Fit one epoch under the limit: peaks of the process and of its largest worker, and the seconds it took."""
    environment = os.environ | {"MALLOC_MMAP_THRESHOLD_": str(256 * 1024), "OMP_NUM_THREADS": "1"}
    limit = (LIMIT_MB * MIB, LIMIT_MB * MIB)
    with tempfile.TemporaryDirectory() as out:
        options = FIT.replace("--validation 600", f"--validation {600 / count:.6f} --test {300 / count:.6f}").split()
        words = ["--data", pattern, "--workers", str(workers), "--out", out]
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "burnish", "fit", *options, *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, limit),
        )
        main_peak = 0.0
        looks: dict[int, list[float]] = {}
        while process.poll() is None:
            main_peak = max(main_peak, high_water_mb(process.pid))
            for child in children(process.pid):
                looks.setdefault(child, []).append(high_water_mb(child))
            time.sleep(0.01)
        if process.returncode:
            raise SystemExit(f"burnish fit on {count} images failed with exit code {process.returncode}")
    # A program that the process starts shares its memory for an instant (vfork); that is no worker of its size.
    worker_peak = max((max(found) for found in looks.values() if len(found) >= LASTING), default=0.0)
    return main_peak, worker_peak if workers else 0.0, time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--times", type=float, default=10.0, help="size of the large set in memory limits")
    parser.add_argument("--dry", action="store_true", help="print, and leave the committed result alone")
    chosen = parser.parse_args()
    if not Path("/proc/self/status").exists():
        raise SystemExit("this benchmark reads /proc, which only Linux has")

    large = int(chosen.times * LIMIT_MB / IMAGE_MB) + 1
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as root:
        os.environ["XDG_CACHE_HOME"] = f"{root}/cache"
        patterns = {count: write_shards(Path(root) / str(count), count) for count in (SMALL, large)}
        sizes = {count: sum(p.stat().st_size for p in Path(root, str(count)).iterdir()) / MIB for count in patterns}
        for workers in (0, 2):
            worst = {
                count: [
                    max(column)
                    for column in zip(*(watch(pattern, count, workers) for _ in range(chosen.rounds)), strict=True)
                ]
                for count, pattern in patterns.items()
            }
            for count, (peak, worker_peak, seconds) in worst.items():
                grown = peak - worst[SMALL][0] + workers * (worker_peak - worst[SMALL][1])
                rows.append(
                    {
                        "images": count,
                        "shards_mb": sizes[count],
                        "in_limits": sizes[count] / LIMIT_MB,
                        "workers": workers,
                        "limit_mb": LIMIT_MB,
                        "peak_mb": peak,
                        "worker_peak_mb": worker_peak if workers else None,
                        "over_small_mb": grown if count == large else None,
                        "bar_mb": BAR_MB if count == large else None,
                        "seconds": seconds,
                    }
                )
    if chosen.dry:
        print(table(rows))
        return
    save(
        "shards_memory",
        rows,
        [
            f"burnish fit {FIT} (600 samples for validation, 300 for the test), PNGs of {SIDE}x{SIDE} in tars of "
            f"{PER_SHARD}; the worst of {chosen.rounds} runs each. over_small_mb is the growth of the main process and "
            "of all workers together. Resident memory counts the libraries' pages too, which RLIMIT_DATA does not.",
            f"Flat means: the large set takes at most {BAR_MB} MB more than the small one.",
        ],
        packages=["opencv-python-headless"],
    )
    missed = [row for row in rows if row["bar_mb"] is not None and row["over_small_mb"] > row["bar_mb"]]
    if missed:
        raise SystemExit(f"memory grew by {missed[0]['over_small_mb']:.0f} MB with {missed[0]['workers']} workers")


if __name__ == "__main__":
    main()
