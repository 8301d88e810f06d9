"""What removing whole blocks costs in accuracy, and what it brings in milliseconds, by the criterion that chose them.

ResNet-56 (25 removable blocks) and a vision transformer of 8 blocks learn a part of fashion-mnist. Every criterion
ranks the blocks once on the same calibration images; the lowest go, and what is left is scored as it is, and again
after one short epoch of finetuning. Chance ranks with several seeds.

Latency is that of one image on one thread, the cut network in turns with the whole one.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

import burnish
from burnish.common.intervals import proportion
from burnish.common.module_state import evaluating
from burnish.data.data import Data
from burnish.data.loaders.loader import make_loader
from burnish.data.source import TensorSource
from burnish.data.statistics import statistics as statistics_of
from burnish.models import compare_latency, for_data
from burnish.models.vision.vit import VisionTransformer
from burnish.pruning.layers import prune_layers, removable_blocks, remove_blocks_
from burnish.reporting.figures.canvas import INK, SERIES
from burnish.tasks import Classification
from burnish.training.defaults import resolve_options
from burnish.training.engine import Engine
from burnish.training.options import TrainingOptions
from evidence import save
from pictures import IMAGES, picture

NETWORKS = {"resnet56": (5, 10, 15, 20), "vit, 8 blocks": (2, 4, 6)}
"""How many blocks go."""
MARKERS = {"similarity": "o", "discriminative": "s", "loss": "^", "random": "x"}


@dataclass(frozen=True)
class Budget:
    """Images and epochs; ``--quick`` takes a part."""

    train: int = 4_000
    test: int = 2_000
    calibration: int = 256
    finetune: int = 1_500
    epochs: int = 4


def make(network: str, data: Data) -> nn.Module:
    model = for_data("resnet56", data.schema, statistics_of(data))
    if network != "resnet56":
        model.model = VisionTransformer("vit", 4, 8, 64, 4, num_classes=10, in_channels=1, input_size=(28, 28))
    return model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def fit(model: nn.Module, data: Data, images: Tensor, labels: Tensor, seed: int, epochs: int, rate: float) -> None:
    """Train with AdamW on a cosine."""
    options = TrainingOptions(
        epochs=epochs, batch_size=64, learning_rate=rate, schedule="cosine", weight_decay=0.05, precision="fp32"
    )
    task = Classification(data.schema)
    loader = make_loader(TensorSource(images, labels), 64, shuffle=True, seed=seed, channels_last=True)
    Engine(model, task, loader, resolve_options(options, data.schema, task.name, len(labels))).fit()


def right(model: nn.Module, images: Tensor, labels: Tensor) -> int:
    """Images that are told correctly."""
    with evaluating(model):
        pairs = zip(images.split(250), labels.split(250), strict=True)
        return sum(int((model(part).argmax(1) == truth).sum()) for part, truth in pairs)


def ranking(model: nn.Module, criterion: str, batches: Sequence[Any], data: Data, most: int, seed: int) -> list[str]:
    """Names of blocks, the first to go first."""
    copied, example = copy.deepcopy(model), batches[0][0][:1]
    ratio = most / len(removable_blocks(model, example))
    task = Classification(data.schema)
    found = prune_layers(copied, example, criterion, ratio=ratio, batches=batches, task=task, seed=seed)
    return list(found.removed)


def measure(network: str, data: Data, budget: Budget, seeds: int) -> list[dict[str, Any]]:
    """A row for the whole network, and one for every criterion and number of blocks."""
    order = torch.randperm(len(data.train), generator=torch.Generator().manual_seed(0))
    images, labels = data.train.gather(order[: budget.train])
    tests = data.test.gather(torch.arange(budget.test))
    chosen = images[: budget.calibration], labels[: budget.calibration]
    batches = list(zip(*(part.split(128) for part in chosen), strict=True))
    again = images[: budget.finetune], labels[: budget.finetune]
    torch.manual_seed(0)
    whole = make(network, data)
    transformer = network != "resnet56"
    fit(whole, data, images, labels, 0, budget.epochs * (2 if transformer else 1), 1e-3 if transformer else 2e-3)
    longer = copy.deepcopy(whole)
    fit(longer, data, *again, 1, 1, 5e-4)
    example, before = tests[0][:1], sum(p.numel() for p in whole.parameters())
    first = row(network, "none", 0, 1.0, 1.0, [right(whole, *tests)], [right(longer, *tests)], budget.test)
    rows = [first]
    print(first, flush=True)
    for criterion in MARKERS:
        started = time.process_time()
        orders = [
            ranking(whole, criterion, batches, data, NETWORKS[network][-1], seed)
            for seed in range(seeds if criterion == "random" else 1)
        ]
        print(f"{criterion}: ranked in {time.process_time() - started:.1f} CPU seconds", flush=True)
        for count in NETWORKS[network]:
            plain, tuned, shares, ratios = [], [], [], []
            for names in orders:
                model = copy.deepcopy(whole)
                remove_blocks_(model, names[:count])
                shares.append(sum(p.numel() for p in model.parameters()) / before)
                plain.append(right(model, *tests))
                ratios.append(compare_latency(whole, model, example)[0])
                fit(model, data, *again, 1, 1, 5e-4)
                tuned.append(right(model, *tests))
            share, ratio = statistics.fmean(shares), statistics.fmean(ratios)
            rows.append(row(network, criterion, count, share, ratio, plain, tuned, budget.test))
            print(rows[-1], flush=True)
    return rows


def row(
    network: str, criterion: str, count: int, share: float, ratio: float, plain: list[int], tuned: list[int], of: int
) -> dict[str, Any]:
    """One line; of several rankings the mean, and the lowest and highest after finetuning."""
    interval = proportion(tuned[0], of)
    return {
        "network": network,
        "criterion": criterion,
        "removed": count,
        "parameters": round(share, 3),
        "latency": round(ratio, 3),
        "accuracy": round(statistics.fmean(plain) / of, 4),
        "finetuned": round(statistics.fmean(tuned) / of, 4),
        "low": round(interval.low if len(tuned) == 1 else min(tuned) / of, 4),
        "high": round(interval.high if len(tuned) == 1 else max(tuned) / of, 4),
    }


def figure(rows: list[dict[str, Any]], network: str) -> str:
    """Accuracy after finetuning against blocks removed; dashed before it."""
    whole = next(one for one in rows if one["network"] == network and one["criterion"] == "none")

    def paint(axes: Any) -> None:
        for criterion, marker in MARKERS.items():
            line = [whole, *(one for one in rows if (one["network"], one["criterion"]) == (network, criterion))]
            counts, colour = [one["removed"] for one in line], SERIES[criterion == "random"]
            axes.plot(counts, [one["finetuned"] for one in line], color=colour, marker=marker, label=criterion)
            axes.plot(counts, [one["accuracy"] for one in line], color=colour, marker=marker, linestyle=":", alpha=0.5)
        axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
        axes.set_xticks([0, *NETWORKS[network]])
        axes.set_xlabel("blocks removed; dotted before finetuning")
        axes.set_ylabel("test accuracy")
        axes.legend(frameon=False, fontsize=8, labelcolor=INK)

    description = "; ".join(
        f"{one['criterion']}, {one['removed']} removed: {one['accuracy']:.1%}, finetuned {one['finetuned']:.1%}"
        for one in rows
        if one["network"] == network
    )
    title = f"Accuracy of {network} on fashion-mnist without some of its blocks"
    return picture(paint, name="prune-layers", title=title, description=description, size=(6.8, 4.2))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3, help="rankings by chance")
    parser.add_argument("--quick", action="store_true", help="a quarter of the images: to see that it runs")
    parser.add_argument("--only", choices=list(NETWORKS), help="one network")
    parser.add_argument("--dry", action="store_true", help="print only; write no result")
    given = parser.parse_args()
    torch.set_num_threads(1)
    started = time.process_time()
    budget = Budget(1_000, 500, 128, 400, 2) if given.quick else Budget()
    data = burnish.data.load("fashion-mnist", seed=0)
    rows: list[dict[str, Any]] = []
    for network in NETWORKS if given.only is None else (given.only,):
        rows += measure(network, data, budget, given.seeds)
    seconds = time.process_time() - started
    notes = [
        f"{budget.train:,} training images, {budget.epochs} epochs (twice as many for the transformer); finetuned for "
        f"one epoch of {budget.finetune:,} of them; ranked on {budget.calibration}; {budget.test:,} test images.",
        "parameters and latency are shares of the whole network's; latency: CPU time of one image, one thread.",
        f"low and high: the 95 % interval over test images; of random, the lowest and highest of {given.seeds} seeds.",
        "Row none was finetuned too. One trained network of each kind: differences within the intervals mean nothing.",
        f"{seconds:.0f} CPU seconds in all.",
    ]
    if given.dry:
        print(rows, *notes, sep="\n")
        return
    save("prune_layers", rows, notes)
    IMAGES.mkdir(exist_ok=True)
    for network in NETWORKS:
        if any(one["network"] == network for one in rows):
            name = f"prune_layers_{network.split(',')[0]}.svg"
            (IMAGES / name).write_text(figure(rows, network) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
