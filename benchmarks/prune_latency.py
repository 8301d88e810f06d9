"""Claim: with half of the channels gone, models that burnish cut are at least as fast as those of torch-pruning.

Both cut half of the channels of every layer by their L2 norms: burnish rounds what stays up to multiples of 8, as is
its default; torch-pruning 1.6.1 (group magnitude, p=2) rounds nothing, as is its. Models are the CIFAR models of
torch-pruning's repository and three of torchvision with random weights, inputs are batches of 32 on one thread. The
whole model and both cut ones take turns in one process, and ratios are taken within a turn, since machines drift.
Times are CPU milliseconds: on one thread they are the latency, without what others do on the machine.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import statistics
import time
from pathlib import Path
from typing import Any

import torch
from torch import nn

from burnish.common.module_state import evaluating
from burnish.models import count
from burnish.pruning.criteria import score_groups
from burnish.pruning.filters.prune import prune_filters
from evidence import RESULTS, save, table
from pruning_cases import Case, cases
from pruning_peer import CLASSES, cut_by_torch_pruning, one_line, time_limit
from published_models import missing

BATCH = 32
TURNS = 15
SECONDS = 12.0
TORCHVISION = ("resnet50", "mobilenet_v2", "vgg16_bn")


def models(checkout: Path | None) -> list[Case]:
    chosen = [case for case in cases("cifar", checkout) if case.side == 32]
    if not missing("torchvision"):
        chosen += [case for case in cases("torchvision") if case.name in TORCHVISION]
    return [Case(c.source, c.family, c.name, c.build, c.side, BATCH) for c in chosen]


def forward_ms(model: nn.Module, example: torch.Tensor) -> float:
    started = time.process_time()
    model(example)
    return (time.process_time() - started) * 1e3


def in_turns(forms: dict[str, nn.Module], example: torch.Tensor, seconds: float = SECONDS) -> dict[str, list[float]]:
    """CPU milliseconds of every form in every turn.

    The order of a turn is drawn by chance, and none runs twice in a row: what has just run finds its weights in the
    cache, and what follows the whole model finds least.
    """
    times: dict[str, list[float]] = {name: [] for name in forms}
    for model in forms.values():
        model.eval()
    draw, last = random.Random(0), ""
    with torch.no_grad():
        started = time.process_time()
        for _ in range(2):
            for model in forms.values():
                forward_ms(model, example)
        one_turn = (time.process_time() - started) / 2
        for _ in range(min(60, max(TURNS, int(seconds / one_turn)))):
            order = draw.sample(list(forms), len(forms))
            if order[0] == last:
                order.reverse()
            for name in order:
                times[name].append(forward_ms(forms[name], example))
            last = order[-1]
    return times


def shapes(model: nn.Module) -> list[tuple[int, ...]]:
    return [tuple(parameter.shape) for parameter in model.parameters()]


def measure(case: Case) -> dict[str, Any]:
    torch.manual_seed(0)
    whole = case.build().eval()
    example = case.example()
    small = example[:2]
    forms = {"whole": whole}
    with evaluating(whole):
        forms["burnish"] = prune_filters(
            whole, small, lambda model, groups: score_groups(model, groups, "l2"), ratio=0.5
        ).model
    problem = ""
    if not missing("torch_pruning"):
        theirs = copy.deepcopy(whole)
        try:
            with time_limit(60):
                cut_by_torch_pruning(theirs, small, CLASSES)
                theirs(small)
            forms["peer"] = theirs
        except Exception as error:
            problem = one_line(error)
    times = in_turns(forms, example)
    macs = {name: count(model, small).macs for name, model in forms.items()}

    def faster(name: str, than: str) -> list[float] | None:
        if name not in forms or than not in forms:
            return None
        return [slow / fast for slow, fast in zip(times[than], times[name], strict=True)]

    def middle(found: list[float] | None, digits: int = 2) -> float | None:
        return None if found is None else round(statistics.median(found), digits)

    beside = faster("burnish", "peer")
    low, _, high = statistics.quantiles(beside, n=4) if beside else (None, None, None)
    same = "peer" in forms and shapes(forms["burnish"]) == shapes(forms["peer"])
    return {
        "model": case.name,
        "source": case.source,
        "ms": middle(times["whole"]),
        "burnish x": middle(faster("burnish", "whole")),
        "peer x": middle(faster("peer", "whole")),
        "burnish MACs x": round(macs["whole"] / macs["burnish"], 2),
        "peer MACs x": round(macs["whole"] / macs["peer"], 2) if "peer" in macs else None,
        "burnish to peer": middle(beside, 3),
        "low": round(low, 3) if low else None,
        "high": round(high, 3) if high else None,
        "shapes": "the same" if same else "differ" if "peer" in forms else f"peer fails: {problem}",
        "turns": len(times["whole"]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="models with commas between; the others keep their last rows")
    parser.add_argument("--peer-models", type=Path, help="a checkout of github.com/VainF/Torch-Pruning")
    parser.add_argument("--dry", action="store_true", help="print only; write no result")
    given = parser.parse_args()
    torch.set_num_threads(1)
    file = RESULTS / "prune_latency.json"
    kept = json.loads(file.read_text())["rows"] if file.exists() else []
    rows = {(row["source"], row["model"]): row for row in kept}
    wanted = [name for name in given.only.split(",") if name]
    for case in models(given.peer_models):
        if not wanted or case.name in wanted:
            rows[case.source, case.name] = measure(case)
            print(table([rows[case.source, case.name]]), flush=True)
    if not given.dry:
        write(list(rows.values()))


def write(rows: list[dict[str, Any]]) -> None:
    compared = [row for row in rows if row["burnish to peer"] is not None]
    reached = [row for row in compared if row["high"] >= 1]
    save(
        "prune_latency",
        rows,
        [
            "Bar: burnish to peer >= 1, the upper quartile of the turns deciding, since two cuts of the same shapes "
            f"are equally fast up to noise: {len(reached)} of {len(compared)}.",
            f"x: how many times as fast as the whole model; batch {BATCH}, one thread, float32, CPU time, medians of "
            "the ratios within a turn. MACs x: how many times fewer multiply-adds.",
            "burnish to peer: time of torch-pruning's model over that of burnish's, with the quartiles of the turns.",
            "Inputs of CIFAR models are 32 pixels wide, of torchvision's 64.",
        ],
        packages=("torch-pruning", "torchvision"),
    )


if __name__ == "__main__":
    main()
