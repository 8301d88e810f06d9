"""Claim: what preprocessing and detectors seem to give, and what is left of it when the attacker knows them.

A LeNet-5 learns fashion-mnist for 4 epochs, 3 seeds. 300 test images are attacked in linf at eps 0.05 by APGD with 50
steps, on the bare network ("unaware": the attacker does not know of the defence) and through the defence ("aware":
gradients pass straight through what has none, and Square with 1,000 queries needs none; for detectors an attack on
classifier and detector together, PGD with large steps and restarts). A sample counts as robust when the defended model
is right, or where it may, rejects it.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from typing import Any

import torch
from torch import Tensor, nn

import burnish
from burnish.attacks import PGD
from burnish.attacks.black_box.square import Square
from burnish.attacks.suites.suite import Suite
from burnish.attacks.white_box.apgd import APGD
from burnish.common.intervals import mean
from burnish.defences import (
    JPEG,
    BitDepth,
    Evade,
    FeatureSqueezing,
    Guarded,
    MedianSmoothing,
    Preprocessed,
    SafetyNet,
    TotalVariation,
    evaluate_detector,
    fit_denoiser,
)
from evidence import save

EPS, STEPS = 0.05, 50
Found = dict[str, tuple[float, float, float]]


def accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    with torch.no_grad():
        return (model(images).argmax(dim=1) == labels).double().mean().item()


def preprocessings(model: nn.Module, train: Tensor, images: Tensor, labels: Tensor, bare: Tensor, seed: int) -> Found:
    changes = {
        "bit depth 1": BitDepth(1),
        "bit depth 3": BitDepth(3),
        "median 3": MedianSmoothing(3),
        "JPEG quality 20": JPEG(20),
        "total variation 0.1": TotalVariation(0.1, 30),
        "denoising autoencoder": fit_denoiser(train[:4000], 0.1, 4, width=8, seed=seed),
    }
    found: Found = {}
    for name, change in changes.items():
        defended = Preprocessed(change, model).eval()
        attacks = (APGD(defended, eps=EPS, steps=STEPS), Square(defended, eps=EPS, queries=1000))
        aware = Suite("aware", attacks).run(images, labels).robust_accuracy.value
        found[name] = (accuracy(defended, images, labels), accuracy(defended, bare, labels), aware)
    return found


def detectors(model: nn.Module, train: Tensor, truth: Tensor, images: Tensor, labels: Tensor, bare: Tensor) -> Found:
    fooling = APGD(model, eps=EPS, steps=STEPS)(train[4000:5000], truth[4000:5000])
    fitted = {
        "feature squeezing, 2 bits and median 3": FeatureSqueezing(model, [BitDepth(2), MedianSmoothing(3)]).fit(
            train[:1000]
        ),
        "SafetyNet": SafetyNet(model).fit(train[:1000], fooling),
    }
    found: Found = {}
    for name, detector in fitted.items():
        told = evaluate_detector(detector, model, images, labels, bare)
        aware = PGD(Guarded(model, detector).eval(), eps=EPS, steps=STEPS, step_size=EPS / 3, restarts=3, goal=Evade())
        left = evaluate_detector(detector, model, images, labels, aware(images, labels)).robust_accuracy.value
        found[name] = (told.clean_accuracy.value, told.robust_accuracy.value, left)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--images", type=int, default=300)
    given = parser.parse_args()
    torch.set_num_threads(1)
    data = burnish.data.load("fashion-mnist", seed=0)
    images, labels = data.test.gather(torch.arange(given.images))
    train, truth = data.train.gather(torch.arange(5000))
    runs: list[Found] = []
    for seed in range(given.seeds):
        with tempfile.TemporaryDirectory() as folder:
            run = burnish.fit("fashion-mnist", "lenet5", epochs=4, seed=seed, quiet=True, out=folder, threads=1)
        model = run.model
        bare = APGD(model, eps=EPS, steps=STEPS, seed=seed)(images, labels)
        undefended = accuracy(model, bare, labels)
        found: Found = {"none": (accuracy(model, images, labels), undefended, undefended)}
        found |= preprocessings(model, train, images, labels, bare, seed)
        found |= detectors(model, train, truth, images, labels, bare)
        runs.append(found)
        for name, values in found.items():
            print(seed, name, *(f"{value:.3f}" for value in values), flush=True)
    notes = [
        f"linf eps {EPS}, {given.images} test images, {given.seeds} seeds; intervals are normal, at 95 %, over seeds. "
        "Detectors reject 5 % of clean samples by their threshold, and clean accuracy counts those as lost.",
    ]
    save("defences", [row(name, [run[name] for run in runs]) for name in runs[0]], notes)


def row(defence: str, seeds: list[tuple[float, float, float]]) -> dict[str, Any]:
    told: dict[str, Any] = {"defence": defence}
    for name, values in zip(("clean", "unaware", "aware"), zip(*seeds, strict=True), strict=True):
        found = mean(statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else 0.0, len(values))
        told |= {
            name: round(found.value, 3),
            f"{name}_low": round(max(0, found.low), 3),
            f"{name}_high": round(found.high, 3),
        }
    return told


if __name__ == "__main__":
    main()
