"""Claim: with a free core, augmentation adds at most 5 % to the time of a training step.

ResNet-20 on 3x32x32 images held in memory as bytes, batches of 128, torch on one thread. The preset `medium` (shifted
crop, mirror, rotation, rescaling, brightness, contrast, saturation, hue, cutout) runs in its thread while the steps
before use the batches. Epochs of both take turns. Wall time is what counts, so the number holds where a second core is
free: the CPU time of the training thread, beside it, does not depend on other users of the machine.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

import torch
import torch.nn.functional as F

from burnish.data import TensorSource, make_loader
from burnish.data.augment.presets import preset
from burnish.data.augment.source import AugmentedSource
from burnish.models import create
from evidence import save, table

BAR = 1.05
BATCH, STEPS, SIDE = 128, 12, 32


def epoch_times(loader: Any, model: torch.nn.Module, optimizer: torch.optim.Optimizer, epoch: int) -> dict[str, float]:
    """Seconds a step: by the wall, of this thread's CPU time, and waiting for the batch."""
    wall, own, waited = time.perf_counter(), time.thread_time(), 0.0
    asked = wall
    for batch in loader.batches(epoch):
        waited += time.perf_counter() - asked
        optimizer.zero_grad()
        F.cross_entropy(model(batch.inputs), batch.targets).backward()
        optimizer.step()
        asked = time.perf_counter()
    count = len(loader)
    return {
        "wall": (time.perf_counter() - wall) / count,
        "own": (time.thread_time() - own) / count,
        "waited": waited / count,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--dry", action="store_true", help="print, and leave the committed result alone")
    chosen = parser.parse_args()

    torch.set_num_threads(1)
    rng = torch.Generator().manual_seed(0)
    images = torch.randint(256, (STEPS * BATCH, 3, SIDE, SIDE), generator=rng, dtype=torch.uint8)
    plain = TensorSource(images, torch.randint(10, (len(images),), generator=rng))
    loaders = {
        name: make_loader(source, BATCH, shuffle=True, seed=0)
        for name, source in (
            ("none", plain),
            ("medium", AugmentedSource(plain, preset("medium", (3, SIDE, SIDE)), 0)),
        )
    }
    torch.manual_seed(0)
    model = create("resnet20", 10, in_channels=3, input_size=SIDE).to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)

    found: dict[str, list[dict[str, float]]] = {name: [] for name in loaders}
    for number in range(chosen.rounds + 1):
        for name in list(loaders)[:: 1 if number % 2 else -1]:
            times = epoch_times(loaders[name], model, optimizer, number)
            if number:  # the first round warms caches up
                found[name].append(times)
    rows = []
    for name, times in found.items():
        ratios = {
            key: statistics.median(mine[key] / base[key] for mine, base in zip(times, found["none"], strict=True))
            for key in ("wall", "own")
        }
        rows.append(
            {
                "augment": name,
                "step_ms": 1e3 * statistics.median(t["wall"] for t in times),
                "to_none": ratios["wall"],
                "training_thread_ms": 1e3 * statistics.median(t["own"] for t in times),
                "thread_to_none": ratios["own"],
                "wait_ms": 1e3 * statistics.median(t["waited"] for t in times),
                "bar": BAR if name == "medium" else None,
            }
        )
    if chosen.dry:
        print(table(rows))
        return
    save(
        "augment_step",
        rows,
        f"{chosen.rounds} rounds, an epoch of {STEPS} steps of each in turn; medians. to_none: wall time of a step "
        "over that without augmentation in the same round, the wait for the first batches of the epoch included; "
        "thread_to_none: the same in CPU time of the thread that trains.",
    )
    if rows[1]["to_none"] > BAR:
        raise SystemExit(f"a step takes {rows[1]['to_none']:.3f} x as long with augmentation, more than {BAR:g}")


if __name__ == "__main__":
    main()
