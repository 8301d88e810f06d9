"""What removing 90 % of the weights costs in accuracy, and what it brings in bytes and milliseconds.

An MLP (784-300-100-10, Han et al. 2015) and a convolutional network learn 8,000 images of fashion-mnist. Then weights
are removed, at once by magnitude or by chance, or gradually while the network is trained on; all ways
get the same four more epochs, on the same images in the same order. Every seed draws its own weights and order.

Latency is that of one forward on one thread: with masks, with plain zeros, and with `sparse_inference`, which leaves a
layer dense where CSR products are not faster. A model's forms take turns; ratios are to the network before pruning.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import torch
from torch import nn

import burnish
from burnish.common.intervals import mean
from burnish.common.module_state import evaluating
from burnish.data.data import Data
from burnish.data.loaders.loader import make_loader
from burnish.data.source import TensorSource
from burnish.data.statistics import statistics as statistics_of
from burnish.models import for_data, measure_latency
from burnish.pruning.weights import GradualSparsity, bake_, save_sparse, sparse_inference, sparsify_
from burnish.runs.model_record import save_weights
from burnish.tasks import Classification
from burnish.training.defaults import resolve_options
from burnish.training.engine import Engine
from burnish.training.options import TrainingOptions
from evidence import save

TRAIN, TEST = 8_000, 4_000
EPOCHS, FINETUNE = 4, 4
RATE, FINETUNE_RATE = 2e-3, 1e-3
SPARSITY = 0.9
WAYS = ("magnitude", "magnitude, gradual", "random")
SPARSER = 0.98
BATCHES = (1, 128)
ROUNDS = 5


def convolutional() -> nn.Sequential:
    """Three convolutions of 16, 32 and 64 channels and a linear layer."""
    layers: list[nn.Module] = []
    for into, out in ((1, 16), (16, 32), (32, 64)):
        layers += [nn.Conv2d(into, out, 3, padding=1, bias=False), nn.BatchNorm2d(out), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(64 * 9, 10))


def make(network: str, data: Data) -> nn.Module:
    model = for_data("mlp", data.schema, statistics_of(data), hidden=(300, 100))
    if network == "CNN":
        model.model = convolutional()
    return model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def fit(
    model: nn.Module, data: Data, source: TensorSource, seed: int, epochs: int, rate: float, final: float | None = None
) -> None:
    """Train with AdamW on a cosine; with ``final``, remove weights meanwhile."""
    options = TrainingOptions(
        epochs=epochs, batch_size=128, learning_rate=rate, schedule="cosine", weight_decay=0.01, precision="fp32"
    )
    task = Classification(data.schema)
    observer = GradualSparsity(model, final, end=0.5, times=10) if final else None
    engine = Engine(
        model,
        task,
        make_loader(source, 128, shuffle=True, seed=seed, channels_last=True),
        resolve_options(options, data.schema, task.name, TRAIN),
    )
    if observer is not None:
        engine.attach(observer)
    engine.fit()


def accuracy(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    with evaluating(model):
        right = [
            model(part).argmax(1) == truth for part, truth in zip(images.split(250), labels.split(250), strict=True)
        ]
    return torch.cat(right).float().mean().item()


def bytes_of(dense: nn.Module, model: nn.Module) -> float:
    """Bytes of the sparse file over those of the dense one."""
    with tempfile.TemporaryDirectory() as folder:
        save_weights(dense, Path(folder) / "dense")
        return save_sparse(model, Path(folder) / "sparse") / (Path(folder) / "dense").stat().st_size


def latencies(dense: nn.Module, masked: nn.Module, images: torch.Tensor) -> dict[str, Any]:
    """Medians of one forward of every form, as ratios to the dense network; above 1 is slower."""
    baked = copy.deepcopy(masked)
    bake_(baked)
    found: dict[str, Any] = {}
    for batch in BATCHES:
        example = images[:batch]
        chosen = sparse_inference(baked, example, threads=1)
        forms = {"dense": dense, "masked": masked, "zeros": baked, "sparse": chosen.model}
        times: dict[str, list[float]] = defaultdict(list)
        for _ in range(ROUNDS):
            for name, form in forms.items():
                times[name].append(measure_latency(form, example, repeats=15, warmup=3, threads=1).median)
        median = {name: statistics.median(values) for name, values in times.items()}
        found[f"dense ms, batch {batch}"] = median["dense"]
        for name in ("masked", "zeros", "sparse"):
            found[f"{name}, batch {batch}"] = round(median[name] / median["dense"], 2)
        found[f"sparse layers, batch {batch}"] = f"{len(chosen.replaced)} of {len(chosen.layers)}"
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="networks of each kind")
    parser.add_argument("--dry", action="store_true", help="print only; write no result")
    given = parser.parse_args()
    torch.set_num_threads(1)
    started, cpu = time.perf_counter(), time.process_time()
    data = burnish.data.load("fashion-mnist", seed=0)
    source = TensorSource(*data.train.gather(torch.arange(TRAIN)))
    images, labels = data.test.gather(torch.arange(TEST))
    images = images.contiguous(memory_format=torch.channels_last)
    rows = []
    for network in ("MLP", "CNN"):
        scores: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
        pruned: dict[str, tuple[nn.Module, nn.Module]] = {}
        for seed in range(given.seeds):
            torch.manual_seed(seed)
            dense = make(network, data)
            fit(dense, data, source, seed, EPOCHS, RATE)
            before = accuracy(dense, images, labels)
            longer = copy.deepcopy(dense)
            fit(longer, data, source, seed + 100, FINETUNE, FINETUNE_RATE)
            scores["none"].append((before, before, accuracy(longer, images, labels)))
            for way in WAYS:
                model = copy.deepcopy(dense)
                gradual = "gradual" in way
                if not gradual:
                    by_chance = way == "random"
                    sparsify_(
                        model,
                        SPARSITY,
                        criterion="random" if by_chance else "magnitude",
                        scope="layer" if by_chance else "global",
                        least_per_output=0 if by_chance else 1,
                        seed=seed,
                    )
                after = accuracy(model, images, labels)
                fit(model, data, source, seed + 100, FINETUNE, FINETUNE_RATE, SPARSITY if gradual else None)
                scores[way].append((before, after, accuracy(model, images, labels)))
                pruned.setdefault(way, (dense, model))
            print(f"{network} seed {seed}: {dict(scores)} after {time.perf_counter() - started:.0f} s", flush=True)
        for way in scores:
            size = bytes_of(*pruned[way]) if way in pruned else None
            speed = latencies(*pruned[way], images) if way == "magnitude" else {}
            rows.append({**row(network, way, scores[way], scores["none"], size), **speed})
        dense, model = pruned["magnitude"]
        sparsify_(model, SPARSER, least_per_output=1)
        rows.append(
            {
                **dict.fromkeys(rows[-1]),
                "network": network,
                "removed": f"magnitude, {SPARSER:.0%}",
                "file": round(bytes_of(dense, model), 3),
                **latencies(dense, model, images),
            }
        )
    columns = dict.fromkeys(name for one in rows for name in one)
    rows = [{name: one.get(name) for name in columns} for one in rows]
    notes = [
        f"{TRAIN} training images, {EPOCHS} epochs, then {FINETUNE} more; {TEST} test images; {given.seeds} seeds.",
        "Accuracy is the mean over seeds; change is that of the finetuned network to the dense one that was trained on "
        "for as long, paired by seed, with its normal interval at 95 %.",
        f"At {SPARSER:.0%} only size and speed were measured.",
        "By chance 90 % of every layer goes; by magnitude 90 % of the network, but each output keeps a weight.",
        "file: bytes of the sparse file over those of the dense one. Bar: 0.2.",
        "masked, zeros, sparse: milliseconds of one forward over those of the dense network, one thread, float32, "
        "channels last; above 1 is slower. Sparse counts layers that CSR is faster for; with 0 the network is dense.",
    ]
    if given.dry:
        print(rows, notes)
    else:
        save("prune_weights", rows, notes)
    print(f"{time.perf_counter() - started:.0f} s, {time.process_time() - cpu:.0f} CPU s")


def row(
    network: str,
    way: str,
    scores: list[tuple[float, float, float]],
    dense: list[tuple[float, float, float]],
    size: float | None,
) -> dict[str, Any]:
    changes = [own[2] - other[2] for own, other in zip(scores, dense, strict=True)]
    deviation = statistics.stdev(changes) if len(changes) > 1 else 0.0
    change = mean(statistics.fmean(changes), deviation, len(changes))
    before, after, finetuned = (statistics.fmean(score[place] for score in scores) for place in range(3))
    compared = way != "none"
    return {
        "network": network,
        "removed": way,
        "accuracy": round(before, 4),
        "pruned": round(after, 4) if compared and "gradual" not in way else None,
        "finetuned": round(finetuned, 4),
        "change": round(change.value, 4) if compared else None,
        "low": round(change.low, 4) if compared else None,
        "high": round(change.high, 4) if compared else None,
        "file": round(size, 3) if size is not None else None,
    }


if __name__ == "__main__":
    main()
