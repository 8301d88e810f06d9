"""Claim: adversarial training withstands what breaks an ordinary network, by the ensemble that judges defences.

A LeNet-5 learns fashion-mnist in 6 epochs, and is then hardened for 6 epochs at eps 0.1 (linf), 3 seeds each way.
Everything is attacked on the same 256 test images: PGD with 10 steps, and the `standard` suite (APGD on the
cross-entropy, targeted APGD and FAB on 9 classes each, Square with 5,000 queries), which counts the worst case of each
image. What PGD leaves more than the suite does is what a PGD number alone would claim too much.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from typing import Any

import torch

import burnish
from burnish.attacks import PGD
from burnish.attacks.suites.named import standard
from burnish.common.intervals import mean
from evidence import save

EPS, EPOCHS = 0.1, 6
WAYS: dict[str, dict[str, Any]] = {
    "undefended": {},
    "fast": {"with_": "fast"},
    "pgd": {"with_": "pgd", "attack_steps": 5},
}


def measured(run: Any, images: torch.Tensor, labels: torch.Tensor) -> tuple[float, float, float, float]:
    """Clean accuracy on the whole test split; robust accuracy under PGD-10 and under the suite; CPU seconds of it."""
    clean = burnish.evaluate(run, split="test").metrics["accuracy"].value
    pgd = PGD(run.model, eps=EPS).run(images, labels).robust_accuracy().value
    started = time.process_time()
    suite = standard(run.model, eps=EPS).run(images, labels).robust_accuracy.value
    return clean, pgd, suite, time.process_time() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--images", type=int, default=256, help="test images that are attacked")
    parser.add_argument("--ways", default=",".join(WAYS))
    given = parser.parse_args()
    torch.set_num_threads(1)
    images, labels = burnish.data.load("fashion-mnist", seed=0).test.gather(torch.arange(given.images))
    found: dict[str, list[tuple[float, ...]]] = {way: [] for way in given.ways.split(",")}
    with tempfile.TemporaryDirectory() as folder:
        common: dict[str, Any] = {"quiet": True, "out": folder, "threads": 1}
        for seed in range(given.seeds):
            started = time.process_time()
            base = burnish.fit("fashion-mnist", "lenet5", epochs=6, seed=seed, **common)
            for way in found:
                if way != "undefended":
                    started = time.process_time()
                run = (
                    burnish.harden(base, eps=EPS, epochs=EPOCHS, seed=seed, **WAYS[way], **common)
                    if WAYS[way]
                    else base
                )
                minutes = (time.process_time() - started) / 60
                found[way].append((*measured(run, images, labels), minutes))
                print(seed, way, *(f"{value:.4g}" for value in found[way][-1]), flush=True)
    rows = [row(way, runs) for way, runs in found.items()]
    notes = [
        f"eps {EPS} (linf), {given.seeds} seeds, {given.images} test images, {EPOCHS} epochs of hardening from the "
        "weights of the undefended network, batch 128, bf16 where the hardware has it. Intervals are normal, at 95 %, "
        "over seeds.",
        "Minutes are CPU minutes of training on one thread, validation included.",
    ]
    save("harden", rows, notes)


def row(way: str, runs: list[tuple[float, ...]]) -> dict[str, Any]:
    clean, pgd, suite, spent, minutes = (list(column) for column in zip(*runs, strict=True))
    told: dict[str, Any] = {"way": way}
    for name, values in (("clean", clean), ("pgd10", pgd), ("standard", suite)):
        found = mean(statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else 0.0, len(values))
        told |= {name: round(found.value, 4), f"{name}_low": round(found.low, 4), f"{name}_high": round(found.high, 4)}
    told["claimed_too_much"] = round(told["pgd10"] - told["standard"], 4)
    return told | {
        "cpu_minutes": round(statistics.median(minutes), 1),
        "suite_cpu_s": round(statistics.median(spent), 1),
    }


if __name__ == "__main__":
    main()
