"""Claim: shards give batches at least as fast as a folder of the same files, and much faster from a cold disk.

The same JPEGs lie in a folder and in shards that ``burnish data shard`` made of it. Batches of 128 are decoded by one
thread with the same operations, in the order that each is trained in: a random one for files, the local one for shards
(of a window that is a quarter of the set here, so that the set is not shuffled as a whole). Before a cold pass the
kernel is asked to drop the pages of every file; how cold that is depends on the disk below.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from burnish.data import Source, load
from burnish.data.loaders.order import epoch_order
from burnish.data.shards.order import local_order
from burnish.data.shards.source import ShardSource
from burnish.data.shards.writing import write_shards
from evidence import save, table

BATCH = 128
SETS = {32: 20_000, 224: 2_000}
"""Images by their side."""


def make_folder(folder: Path, side: int, count: int) -> Path:
    """JPEGs of two classes, smooth enough to be as large as photos of their size."""
    import cv2

    rng = np.random.default_rng(0)
    for number in range(count):
        coarse = rng.integers(0, 256, (side // 8, side // 8, 3), np.uint8)
        target = folder / "ab"[number % 2] / f"{number:06d}.jpg"
        target.parent.mkdir(parents=True, exist_ok=True)
        image = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(target), image, [cv2.IMWRITE_JPEG_QUALITY, 90])
    return folder


def forget(folder: Path) -> None:
    """Ask the kernel to drop its copies of the files."""
    os.sync()
    for path in folder.rglob("*.*"):
        if path.is_file():
            handle = os.open(path, os.O_RDONLY)
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(handle)


def epoch(source: Source, order: torch.Tensor) -> tuple[float, float]:
    """Images a second of wall time, and of CPU time."""
    wall, cpu = time.perf_counter(), time.process_time()
    for index in order.split(BATCH):
        source.gather(index)
    return len(order) / (time.perf_counter() - wall), len(order) / (time.process_time() - cpu)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--dry", action="store_true", help="print, and leave the committed result alone")
    chosen = parser.parse_args()

    import cv2

    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    rows: list[dict[str, Any]] = []
    for side, count in SETS.items():
        with tempfile.TemporaryDirectory() as root:
            folder = make_folder(Path(root) / "files", side, count)
            given = load(str(folder), cache_mb=0, validation=0.0, test=0.0)
            write_shards(given, Path(root) / "shards", size=8 * 10**6)
            shards = load(str(Path(root) / "shards"), cache_mb=0, validation=0.0, test=0.0).train
            assert isinstance(shards, ShardSource)
            window = sum(path.stat().st_size for path in (Path(root) / "shards").iterdir()) // 4
            for cold in (False, True):
                found: dict[str, list[tuple[float, float]]] = {"folder": [], "shards": []}
                for number in range(chosen.rounds):
                    for name, source in (("folder", given.train), ("shards", shards)):
                        if cold:
                            forget(Path(root))
                        order = (
                            epoch_order(count, 0, number)
                            if name == "folder"
                            else local_order(shards.rows, 0, number, window=window)
                        )
                        found[name].append(epoch(source, order))
                ratios = [[s / f for f, s in zip(f_, s_, strict=True)] for f_, s_ in zip(*found.values(), strict=True)]
                wall, cpu = (statistics.median(column) for column in zip(*ratios, strict=True))
                for name, times in found.items():
                    rows.append(
                        {
                            "images": f"{count} of {side}x{side}",
                            "disk": "cold" if cold else "in memory",
                            "from": name,
                            "images_per_s": statistics.median(wall_ for wall_, _ in times),
                            "images_per_cpu_s": statistics.median(cpu_ for _, cpu_ in times),
                            "to_folder": wall if name == "shards" else None,
                            "to_folder_cpu": cpu if name == "shards" else None,
                        }
                    )
    if chosen.dry:
        print(table(rows))
        return
    save(
        "shards",
        rows,
        [
            f"One thread, batches of {BATCH}, whole epochs; medians of {chosen.rounds} rounds that took turns. "
            "Decoding, resizing, stacking and the change to floats are included."
        ],
        packages=["opencv-python-headless"],
    )
    missed = [row for row in rows if row["disk"] == "in memory" and (row["to_folder_cpu"] or 1) < 0.95]
    if missed:
        raise SystemExit(f"shards give {missed[0]['to_folder_cpu']:.2f} x the images of a folder per CPU second")


if __name__ == "__main__":
    main()
