"""Claim: the in-memory loader costs at most 10 us a batch over batches that were built beforehand.

Shuffled epochs over 64,000 rows of 32 features in batches of 64 (the workload of engine.py), one thread. "Pre-built" is
a list of finished batches, which is never shuffled again. Nothing is done with a batch. Beside it stand images of the
sizes of digits and fashion-mnist, held as bytes, which become floats on the way: most of their time is that change.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader, TensorDataset

from burnish.data import TensorSource, make_loader
from evidence import save, table

BAR_US = 10.0


class Floats(TensorDataset):
    """Bytes become floats sample by sample, as in the usual ``ToTensor``."""

    def __getitem__(self, index: int) -> tuple[torch.Tensor, ...]:
        image, label = super().__getitem__(index)
        return image.float().div_(255), label


class Workload:
    """One set of tensors, and the ways to go through it: each gives the batches of an epoch."""

    def __init__(
        self, name: str, inputs: torch.Tensor, targets: torch.Tensor, batch_size: int, bar: float | None = None
    ) -> None:
        self.name, self.bar = name, bar
        self.count = -(-len(inputs) // batch_size)
        ours = make_loader(TensorSource(inputs, targets), batch_size, shuffle=True, seed=0)
        built = [(batch.inputs.clone(), batch.targets.clone()) for batch in ours.batches(0)]
        dataset = (Floats if inputs.dtype == torch.uint8 else TensorDataset)(inputs, targets)
        theirs = DataLoader(dataset, batch_size, shuffle=True)
        self.ways: dict[str, Callable[[int], Iterator[Any]]] = {
            "pre-built batches": lambda epoch: iter(built),
            "burnish": ours.batches,
            "torch DataLoader(TensorDataset)": lambda epoch: iter(theirs),
        }


def workloads() -> list[Workload]:
    rng = torch.Generator().manual_seed(0)

    def labels(count: int) -> torch.Tensor:
        return torch.randint(4, (count,), generator=rng)

    def images(count: int, side: int) -> torch.Tensor:
        return torch.randint(256, (count, 1, side, side), generator=rng, dtype=torch.uint8)

    return [
        Workload("64000 rows of 32, batch 64", torch.randn(64_000, 32, generator=rng), labels(64_000), 64, BAR_US),
        Workload("2048 images 1x8x8, batch 64", images(2048, 8), labels(2048), 64),
        Workload("10240 images 1x28x28, batch 128", images(10_240, 28), labels(10_240), 128),
    ]


def us_per_batch(way: Callable[[int], Iterator[Any]], count: int, batches: int) -> float:
    """CPU microseconds per batch over at least so many batches, whole epochs."""
    epochs = -(-batches // count)
    gc.collect()
    start = time.process_time()
    for epoch in range(epochs):
        for _ in way(epoch):
            pass
    return (time.process_time() - start) / (epochs * count) * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--batches", type=int, default=1000, help="at least, per round")
    parser.add_argument("--dry", action="store_true", help="print, and leave the committed result alone")
    chosen = parser.parse_args()

    torch.set_num_threads(1)
    rows = []
    for workload in workloads():
        names = list(workload.ways)
        us: dict[str, list[float]] = {name: [] for name in names}
        for number in range(chosen.rounds + 1):
            for name in names[number % len(names) :] + names[: number % len(names)]:
                took = us_per_batch(workload.ways[name], workload.count, chosen.batches)
                if number:  # the first round warms caches up
                    us[name].append(took)
        base = us["pre-built batches"]
        rows += [
            {
                "workload": workload.name,
                "loader": name,
                "us_per_batch": statistics.median(times),
                "over_us": statistics.median(mine - built for mine, built in zip(times, base, strict=True)),
                "bar_us": workload.bar if name == "burnish" else None,
            }
            for name, times in us.items()
        ]
    if chosen.dry:
        print(table(rows))
        return
    save(
        "loader",
        rows,
        [
            f"{chosen.rounds} rounds of at least {chosen.batches} batches, whole shuffled epochs; CPU time of the "
            "process on one thread, medians. Shuffling, gathering and the change from bytes to floats are included; "
            "pre-built batches have none of the three."
        ],
    )
    missed = [row for row in rows if row["bar_us"] is not None and row["over_us"] > row["bar_us"]]
    if missed:
        raise SystemExit(f"the loader costs {missed[0]['over_us']:.1f} us a batch, more than {BAR_US:g}")


if __name__ == "__main__":
    main()
