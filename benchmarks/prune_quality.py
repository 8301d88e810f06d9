"""Claim: a resnet20 on fashion-mnist runs in half the measured time and loses at most 0.5 points of accuracy.

Every seed fits a resnet20 by burnish's defaults. Each way of choosing filters cuts a copy of it to half the measured
latency (CPU time of a batch of 32 on one thread, whole and cut model in turns), and each cut model is finetuned alike
by burnish's engine: the same images, epochs, order, rate, and loss, of which the uncut network's answers give 0.7.
torch-pruning 1.6.1 cuts the same weights to the same measured latency, rounding nothing as is its default, and gets the
same finetuning. The network that is trained on for as long, in the same way, without being cut stands beside them:
`whole`.

How many channels go does not depend on which, so burnish's share is searched once, and torch-pruning's as well; the
latency of every cut is measured again and is in the table. Ways keep their rows, so that the whole can be run in parts:
``--only l1,taylor``; fitted networks are kept in ``--bases DIR``. Without it, fitting takes half of the time.
"""

from __future__ import annotations

import argparse
import copy
import functools
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import burnish
from burnish.common.errors import InputError
from burnish.common.intervals import mean
from burnish.common.module_state import evaluating
from burnish.data.loaders.loader import make_loader
from burnish.data.statistics import statistics as statistics_of
from burnish.models import for_data
from burnish.pruning.criteria import create, score_groups
from burnish.pruning.distillation import Distillation
from burnish.pruning.filters.prune import prune_filters
from burnish.training.defaults import resolve_options
from burnish.training.engine import Engine
from burnish.training.options import TrainingOptions
from evidence import RESULTS, save, table
from prune_latency import in_turns, shapes
from pruning_peer import cut_by_torch_pruning, parameters
from published_models import missing

MODEL, CLASSES = "resnet20", 10
RATE, DISTILL = 4e-3, 0.7
BATCH, TARGET, BAR = 32, 0.5, 0.5
CALIBRATION = 1024
OURS = ("l1", "geometric-median", "mean-activation", "taylor", "random")
PEERS = ("torch-pruning l1", "torch-pruning fpgm", "torch-pruning taylor")
WAYS = ("whole", *OURS, *PEERS)

Splits = dict[str, tuple[Tensor, Tensor]]
Batches = Sequence[tuple[Tensor, Tensor]]


def images(count: int) -> Splits:
    """Images to learn from, 2,000 others to watch, and the whole test split."""
    data = burnish.data.load("fashion-mnist", seed=0)
    order = torch.randperm(len(data.train), generator=torch.Generator().manual_seed(0))

    def taken(source: Any, index: Tensor) -> tuple[Tensor, Tensor]:
        inputs, labels = source.gather(index)
        return (inputs * 255).round().byte(), labels

    return {
        "train": taken(data.train, order[:count]),
        "validation": taken(data.train, order[-2000:]),
        "test": taken(data.test, torch.arange(len(data.test))),
    }


def fit(data: Splits, seed: int, epochs: int) -> nn.Module:
    """What burnish makes of a fresh network."""
    with tempfile.TemporaryDirectory() as folder:
        options: dict[str, Any] = {"epochs": epochs, "learning_rate": RATE, "threads": 1, "quiet": True}
        return burnish.fit(data=data, model=MODEL, seed=seed, out=folder, **options).model


def finetuned(model: nn.Module, teacher: nn.Module, data: Splits, seed: int, epochs: int) -> nn.Module:
    """The model, trained on with the answers of its teacher; it is changed in place."""
    loaded = burnish.data.load(data)
    task = Distillation(loaded.schema, copy.deepcopy(teacher).to(memory_format=torch.channels_last), DISTILL)  # type: ignore[call-overload]
    options = resolve_options(
        TrainingOptions(epochs=epochs, learning_rate=RATE, threads=1), loaded.schema, task.name, len(loaded.train)
    )
    loader = make_loader(loaded.train, options.batch_size, shuffle=True, seed=seed, channels_last=True)
    model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    Engine(model, task, loader, options).fit()
    return model.eval()


def base_of(seed: int, data: Splits, epochs: int, folder: Path | None) -> nn.Module:
    """The network that is pruned: fitted, or found in a folder of earlier ones."""
    count = len(data["train"][0])
    kept = folder / f"{MODEL}-{count}-images-{epochs}-epochs-seed-{seed}.pt" if folder else None
    if kept is not None and kept.exists():
        loaded = burnish.data.load(data)
        model = for_data(MODEL, loaded.schema, statistics_of(loaded))
        model.load_state_dict(torch.load(kept))
        return model.eval()
    model = fit(data, seed, epochs)
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        torch.save(model.state_dict(), kept)
    return model.eval()


def accuracy(model: nn.Module, split: tuple[Tensor, Tensor]) -> float:
    """Percent of right answers."""
    with evaluating(model):
        right = [
            model(part.float() / 255).argmax(1) == truth
            for part, truth in zip(split[0].split(500), split[1].split(500), strict=True)
        ]
    return 100 * torch.cat(right).float().mean().item()


class Cutter:
    """Cuts models so that they take half the time; how many channels must go is found once for each library.

    Args:
        known: shares of channels that were found earlier, by library.
        example: the input that latency is measured with.
        round_to: what burnish rounds numbers of channels up to.
    """

    def __init__(self, known: Mapping[str, float], example: Tensor, round_to: int) -> None:
        self.ratios, self.example, self.round_to = dict(known), example, round_to

    def cut(self, way: str, base: nn.Module, batches: Batches, seed: int) -> nn.Module:
        """A cut copy of a fitted network."""
        library = library_of(way)
        if library not in self.ratios:
            by_weights = "torch-pruning l1" if library == "torch-pruning" else "l1"
            self.ratios[library] = self._smallest(base, lambda ratio: self._at(ratio, by_weights, base, batches, seed))
        return self._at(self.ratios[library], way, base, batches, seed)

    def _at(self, ratio: float, way: str, base: nn.Module, batches: Batches, seed: int) -> nn.Module:
        if library_of(way) == "torch-pruning":
            model = copy.deepcopy(base)
            importance = importance_of(way, model, batches)
            cut_by_torch_pruning(model, self.example, CLASSES, ratio=ratio, importance=importance)
            return model
        score = functools.partial(scores, way=way, batches=batches, seed=seed)
        return prune_filters(base, self.example, score, ratio=ratio, round_to=self.round_to).model

    def _smallest(self, base: nn.Module, at: Callable[[float], nn.Module]) -> float:
        """The smallest share of channels that must go: halve the interval, cuts of the same shapes measured once."""
        known: dict[str, float] = {}
        low, high = 0.02, 0.9
        for _ in range(8):
            middle = (low + high) / 2
            model = at(middle)
            key = str(shapes(model))
            if key not in known:
                known[key] = self.share(base, model)
            low, high = (middle, high) if known[key] > TARGET else (low, middle)
        return round(high, 4)

    def share(self, base: nn.Module, model: nn.Module) -> float:
        """Time of a cut model over that of the whole one, median of the turns."""
        times = in_turns({"whole": base, "cut": model}, self.example, seconds=4)
        return statistics.median(cut / whole for cut, whole in zip(times["cut"], times["whole"], strict=True))


def library_of(way: str) -> str:
    return "torch-pruning" if way in PEERS else "burnish"


def scores(model: nn.Module, groups: Any, *, way: str, batches: Batches, seed: int) -> dict[str, Tensor]:
    criterion = create(way, seed=seed) if way == "random" else create(way)
    return score_groups(model, groups, criterion, batches=batches, task=F.cross_entropy)


def importance_of(way: str, model: nn.Module, batches: Batches) -> Any:
    """A criterion of torch-pruning; Taylor's looks at the gradients that a model has."""
    import torch_pruning as tp

    if way.endswith("taylor"):
        model.eval().zero_grad()
        for inputs, labels in batches:
            (F.cross_entropy(model(inputs), labels) / len(batches)).backward()
        return tp.importance.GroupTaylorImportance()
    return tp.importance.FPGMImportance() if way.endswith("fpgm") else tp.importance.GroupMagnitudeImportance(p=1)


def measured(way: str, found: Sequence[Mapping[str, float]], ratio: float | None) -> dict[str, Any]:
    """One way of choosing: means over seeds."""
    drops = [one["base"] - one["finetuned"] for one in found]
    interval = mean(statistics.fmean(drops), statistics.stdev(drops) if len(drops) > 1 else 0.0, len(drops))
    average = {name: statistics.fmean(one[name] for one in found) for name in found[0]}
    return {
        "way": way,
        "seeds": len(found),
        "latency left": round(average["latency"], 3),
        "slowest": round(max(one["latency"] for one in found), 3),
        "parameters left": round(average["parameters"], 3),
        "base": round(average["base"], 2),
        "cut": round(average["cut"], 2),
        "finetuned": round(average["finetuned"], 2),
        "drop": round(interval.value, 2),
        "low": round(interval.low, 2) if len(drops) > 1 else None,
        "high": round(interval.high, 2) if len(drops) > 1 else None,
        "ratio": ratio,
        "cpu s": round(average["seconds"]),
    }


def tried(way: str, base: nn.Module, cutter: Cutter, data: Splits, seed: int, epochs: int) -> dict[str, float]:
    """Cut one base one way, and finetune it."""
    started = time.process_time()
    inputs, labels = data["train"]
    chunk = zip((inputs[:CALIBRATION].float() / 255).split(128), labels[:CALIBRATION].split(128), strict=True)
    model = copy.deepcopy(base) if way == "whole" else cutter.cut(way, base, list(chunk), seed)
    share = 1.0 if way == "whole" else cutter.share(base, model)
    before = accuracy(model, data["test"])
    for parameter in model.parameters():
        parameter.grad = None
    finetuned(model, base, data, 100 + seed, epochs)
    return {
        "cut": before,
        "finetuned": accuracy(model, data["test"]),
        "latency": share,
        "parameters": parameters(model) / parameters(base),
        "seconds": time.process_time() - started,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3, help="networks that are fitted and cut")
    parser.add_argument("--images", type=int, default=16_000, help="images to learn from")
    parser.add_argument("--epochs", type=int, default=6, help="of the fit")
    parser.add_argument("--finetune", type=int, default=8, help="epochs after the cut")
    parser.add_argument("--round-to", type=int, default=8, help="burnish rounds numbers of channels up to this")
    parser.add_argument("--only", default="", help="ways with commas between; the others keep their last rows")
    parser.add_argument("--bases", type=Path, help="folder that fitted networks are kept in")
    parser.add_argument("--dry", action="store_true", help="print only; write no result")
    given = parser.parse_args()
    torch.set_num_threads(1)
    chosen = [way for way in given.only.split(",") if way] or list(WAYS)
    if unknown := set(chosen) - set(WAYS):
        raise InputError(f"no such way: {', '.join(sorted(unknown))}; there are {', '.join(WAYS)}")
    if missing("torch_pruning"):
        chosen = [way for way in chosen if way not in PEERS]
    protocol = (
        f"{given.images:,} training images, {given.epochs} epochs, {given.finetune} after the cut at the same rate "
        f"with {DISTILL:g} of the loss from the uncut network; burnish rounds to {given.round_to}; accuracy in percent "
        "of 10,000 test images"
    )
    rows = kept_rows(protocol)
    known = {library_of(way): row["ratio"] for way, row in rows.items() if row["ratio"]}
    data = images(given.images)
    cutter = Cutter(known, data["test"][0][:BATCH].float() / 255, given.round_to)
    before: dict[int, float] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.bases or Path(temporary)
        for way in chosen:
            found = []
            for seed in range(given.seeds):
                base = base_of(seed, data, given.epochs, folder)
                if seed not in before:
                    before[seed] = accuracy(base, data["test"])
                found.append({"base": before[seed], **tried(way, base, cutter, data, seed, given.finetune)})
            rows[way] = measured(way, found, None if way == "whole" else cutter.ratios[library_of(way)])
            print(table([rows[way]]), flush=True)
            if not given.dry:
                write([rows[way] for way in WAYS if way in rows], protocol)
    print(f"{time.process_time():.0f} CPU s")


def kept_rows(protocol: str) -> dict[str, dict[str, Any]]:
    """Rows of an earlier run of the same protocol."""
    file = RESULTS / "prune_quality.json"
    result = json.loads(file.read_text()) if file.exists() else {"notes": [""], "rows": []}
    return {row["way"]: row for row in result["rows"]} if result["notes"][0].startswith(protocol) else {}


def write(rows: list[dict[str, Any]], protocol: str) -> None:
    waiting = [way for way in WAYS if way not in {row["way"] for row in rows}]
    save(
        "prune_quality",
        rows,
        [
            f"{protocol}.",
            f"Bar: the drop from the network before the cut is at most {BAR} points, in at most half of its time. "
            "The interval is over seeds, at 95 %.",
            f"latency left: measured share of the CPU time, batch {BATCH}, one thread, float32, in turns with the "
            "whole network; slowest: of the seeds.",
            "whole: the network trained on for as long without a cut. cut: accuracy before finetuning.",
            "Rate, epochs and share of the loss were chosen in trials on seed 0 with l1; they are the same for all.",
            "ratio: share of the channels of every layer that had to go for it, searched once for each library.",
            f"Not run yet: {', '.join(waiting) or 'none'}.",
        ],
        packages=("torch-pruning",),
    )


if __name__ == "__main__":
    main()
