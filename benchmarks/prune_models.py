"""Claim: every model is cut, or says on which line it cannot be; what is cut computes what its masked twin computes.

Half of the channels of every layer go (L2 norm, the same share everywhere, no rounding), from the models of burnish's
zoo, the CIFAR models of torch-pruning's repository, the classifiers and segmentation networks of torchvision, and
choices of timm and transformers, all with random weights and small inputs. A model is handled when it lost channels,
its output has the shape it had, and it equals the unpruned model with the same channels masked, to 1e-5 of the largest
output.
torch-pruning 1.6.1 cuts the same models as its own examples do (group magnitude, p=2); of its result nothing is asked
but that it runs and is smaller.

Families are measured one by one and keep their rows, so that the whole can be run in parts:
``--source zoo --only resnet,vgg``. Masked twins are of models of at most 100 million parameters.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import io
import json
import math
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.pruning.criteria import score_groups
from burnish.pruning.filters.plan import plan
from burnish.pruning.filters.prune import prune_filters
from burnish.pruning.graph import Graph, Group, masked_twin, remove_all_, trace
from evidence import RESULTS, save, table
from pruning_cases import SOURCES, Case, cases
from pruning_peer import CLASSES, cut_by_torch_pruning, one_line, outputs, parameters, relative, time_limit
from published_models import missing

TOLERANCE = 1e-5
COMPARED = 100e6
PATIENCE = 60
RESNET50 = "resnet50 at 224 px, graph + score + surgery"


@dataclass
class Outcome:
    """What became of one model."""

    handled: bool = False
    refused: bool = False
    problem: str = ""
    left: float | None = None
    seconds: float | None = None
    difference: float | None = None
    refusals: list[str] = field(default_factory=list)


def by_burnish(case: Case, model: nn.Module) -> Outcome:
    """Cut a copy, run it, and compare it with the masked twin of the model."""
    found = Outcome()
    example = case.example()
    before = outputs(model, example)
    cut = copy.deepcopy(model)
    started = time.process_time()
    try:
        graph = trace(cut, example)
        removals = half(cut, graph, example)
        remove_all_(cut, removals)
    except InputError as error:
        found.refused, found.problem = True, one_line(error)
        return found
    except Exception as error:
        found.problem = f"a bug of burnish: {type(error).__name__}: {one_line(error)}"
        return found
    found.seconds = time.process_time() - started
    found.left = parameters(cut) / parameters(model)
    found.refusals = [relative(str(refusal)) for refusal in graph.refusals]
    after = outputs(cut, example)
    found.handled = found.left < 1 and [one.shape for one in before] == [one.shape for one in after]
    if found.handled and parameters(model) <= COMPARED and shows(before, after):
        found.difference = difference(model, cut, graph, removals, example)
        if not found.difference <= TOLERANCE:
            found.handled, found.problem = False, f"differs from its masked twin by {found.difference:.2g}"
    return found


def by_l2(model: nn.Module, groups: Sequence[Group]) -> dict[str, torch.Tensor]:
    return score_groups(model, groups, "l2")


def half(model: nn.Module, graph: Graph, example: torch.Tensor) -> list[tuple[Group, list[int]]]:
    """The weaker half of the channels of every group."""
    groups = graph.groups()
    if not groups:
        prune_filters(model, example, by_l2, ratio=0.5)  # says why
    chosen = plan(groups, by_l2(model, groups), 0.5, round_to=1)
    return [(group, chosen[group.name]) for group in groups if group.name in chosen]


def difference(model: nn.Module, cut: nn.Module, graph: Graph, removals: Any, example: torch.Tensor) -> float:
    """Largest difference of the cut model to the masked one over the largest output; in doubles where floats drown."""
    worst = math.nan
    for kind in (torch.float32, torch.float64):
        model, cut = model.to(kind), cut.to(kind)
        example = example.to(kind) if example.is_floating_point() else example
        twin = masked_twin(model, graph, removals)
        pairs = zip(outputs(cut, example), outputs(twin, example), strict=True)
        worst = max(float((one - two).abs().max() / two.abs().max()) for one, two in pairs)
        if worst <= TOLERANCE:
            break
    return worst


def shows(before: list[torch.Tensor], after: list[torch.Tensor]) -> bool:
    """Whether a cut changed what the model says: an equality that no cut could break proves nothing."""
    pairs = zip(before, after, strict=True)
    return any(float((one - two).abs().max()) > 1e-3 * float(one.abs().max()) for one, two in pairs)


def by_peer(case: Case, model: nn.Module) -> Outcome:
    """Let torch-pruning cut a model."""
    found = Outcome()
    example = case.example()
    before, size = outputs(model, example), parameters(model)
    started = time.process_time()
    try:
        with time_limit(PATIENCE):
            cut_by_torch_pruning(model, example, CLASSES)
            found.seconds = time.process_time() - started
            after = outputs(model, example)
    except Exception as error:
        found.problem = f"{type(error).__name__}: {one_line(error)}"
        return found
    found.left = parameters(model) / size
    found.handled = found.left < 1 and [one.shape for one in before] == [one.shape for one in after]
    if not found.handled:
        found.problem = "nothing was cut" if found.left >= 1 else "its output has another shape"
    return found


def unsettle_(model: nn.Module, example: torch.Tensor) -> None:
    """Let shifts, scales and running statistics be at random, so that forgetting one of them shows.

    The running statistics are those of the example, give or take a quarter: a deep network with random weights would
    end in infinity, or in nothing, where every cut looks right.
    """
    generator = torch.Generator().manual_seed(7)

    def about_one(tensor: torch.Tensor) -> torch.Tensor:
        return torch.rand(tensor.shape, generator=generator) * 0.5 + 0.75

    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.is_floating_point() and not parameter.any():
                parameter.normal_(std=0.02, generator=generator)
        norms = [module for module in model.modules() if isinstance(getattr(module, "running_var", None), torch.Tensor)]
        for module in model.modules():
            for name in ("weight", "bias"):
                tensor = getattr(module, name, None)
                if isinstance(tensor, torch.Tensor) and tensor.ndim == 1 and tensor.is_floating_point():
                    tensor.copy_(about_one(tensor) - float(name == "bias"))
        momenta = [norm.momentum for norm in norms]
        for norm in norms:
            norm.momentum = 1.0
        with contextlib.suppress(ValueError):  # one value a channel has no variance
            model.train()(example)
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
            norm.running_mean += (about_one(norm.running_mean) - 1) * norm.running_var.sqrt()
            norm.running_var.mul_(about_one(norm.running_var)).clamp_(min=1e-3)
    model.eval()


def row(source: str, family: str, ours: dict[str, Outcome], theirs: dict[str, Outcome]) -> dict[str, Any]:
    """One family: what both made of its models."""
    differences = [one.difference for one in ours.values() if one.difference is not None]
    return {
        "source": source,
        "family": family,
        "models": len(ours),
        "handled": sum(one.handled for one in ours.values()),
        "refused": sum(one.refused for one in ours.values()),
        "parameters left": worst(ours),
        "compared": len(differences),
        "difference": max(differences, default=None, key=lambda value: (math.isnan(value), value)),
        "cpu s": median(ours),
        "peer handled": sum(one.handled for one in theirs.values()) if theirs else None,
        "peer parameters left": worst(theirs),
        "peer cpu s": median(theirs),
        "cannot": told({name: [one.problem] if one.problem else one.refusals for name, one in ours.items()}),
        "peer cannot": told({name: [one.problem] if one.problem else [] for name, one in theirs.items()}),
    }


def worst(found: dict[str, Outcome]) -> float | None:
    shares = [one.left for one in found.values() if one.handled and one.left is not None]
    return round(max(shares), 4) if shares else None


def median(found: dict[str, Outcome]) -> float | None:
    seconds = [one.seconds for one in found.values() if one.seconds is not None]
    return round(statistics.median(seconds), 2) if seconds else None


def told(problems: dict[str, list[str]]) -> str:
    """Every problem once, with the models that have it."""
    owners: dict[str, list[str]] = {}
    for name, lines in problems.items():
        if lines:
            more = f" (and {len(lines) - 1} more)" if len(lines) > 1 else ""
            owners.setdefault(lines[0] + more, []).append(name)
    return "; ".join(f"{', '.join(names)}: {line}" for line, names in owners.items()).replace("|", "/")


def resnet50() -> dict[str, Any]:
    """CPU seconds of cutting a resnet50, median of three in a process that has traced before."""
    from burnish.models import create

    def spent(cut: Any) -> float:
        times = []
        for _ in range(3):
            model, example = create("resnet50", 1000, 3, 224).eval(), torch.rand(1, 3, 224, 224)
            started = time.process_time()
            cut(model, example)
            times.append(time.process_time() - started)
        return round(statistics.median(times), 2)

    def ours(model: nn.Module, example: torch.Tensor) -> None:
        graph = trace(model, example)
        remove_all_(model, half(model, graph, example))

    empty = row("seconds", RESNET50, {}, {})
    theirs = None if missing("torch_pruning") else spent(lambda *given: cut_by_torch_pruning(*given, 1000))
    return {**empty, "models": 1, "handled": 1, "refused": 0, "cpu s": spent(ours), "peer cpu s": theirs}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", choices=(*SOURCES, "seconds"), action="append", help="default: all")
    parser.add_argument("--only", default="", help="families with commas between; the others keep their last rows")
    parser.add_argument("--waiting", action="store_true", help="only families that have no row yet")
    parser.add_argument("--seconds", type=float, default=math.inf, help="begin no family after so many CPU seconds")
    parser.add_argument("--peer-models", type=Path, help="a checkout of github.com/VainF/Torch-Pruning")
    parser.add_argument("--dry", action="store_true", help="print only; write no result")
    given = parser.parse_args()
    torch.set_num_threads(1)
    file = RESULTS / "prune_models.json"
    kept = json.loads(file.read_text())["rows"] if file.exists() else []
    rows = {(one["source"], one["family"]): one for one in kept}
    wanted = [name for name in given.only.split(",") if name]
    with_peer = not missing("torch_pruning")
    for source in given.source or (*SOURCES, "seconds"):
        families: dict[str, list[Case]] = {} if source != "seconds" else {RESNET50: []}
        for case in cases(source, given.peer_models) if source != "seconds" else ():
            families.setdefault(case.family, []).append(case)
        for family, members in families.items():
            known = given.waiting and (source, family) in rows
            if known or (wanted and family not in wanted) or time.process_time() > given.seconds:
                continue
            rows[source, family] = resnet50() if source == "seconds" else tried(source, family, members, with_peer)
            print(table([rows[source, family]]), flush=True)
            if not given.dry:
                with contextlib.redirect_stdout(io.StringIO()):  # the whole table at the end is enough
                    write(list(rows.values()))
    if not given.dry:
        write(list(rows.values()))
    print(f"{time.process_time():.0f} CPU s")


def tried(source: str, family: str, members: list[Case], with_peer: bool) -> dict[str, Any]:
    ours: dict[str, Outcome] = {}
    theirs: dict[str, Outcome] = {}
    for case in members:
        torch.manual_seed(0)
        model = case.build().eval()
        unsettle_(model, case.example())
        if with_peer:
            theirs[case.name] = by_peer(case, copy.deepcopy(model))
        ours[case.name] = by_burnish(case, model)
    return row(source, family, ours, theirs)


def write(rows: list[dict[str, Any]]) -> None:
    order = (*SOURCES, "seconds")
    rows = sorted(rows, key=lambda one: (order.index(one["source"]), one["family"]))
    told_sources = []
    for source in SOURCES:
        found = [one for one in rows if one["source"] == source]
        if found:
            models = sum(one["models"] for one in found)
            peers = [one for one in found if one["peer handled"] is not None]
            told_sources.append(
                f"{source}: burnish {sum(one['handled'] for one in found)} of {models}, torch-pruning "
                f"{sum(one['peer handled'] for one in peers)} of {sum(one['models'] for one in peers)}."
            )
    save(
        "prune_models",
        rows,
        [
            *told_sources,
            "Half of the channels of every layer go, by L2 norm, random weights, batch 2, inputs of 64 pixels where "
            "the arithmetic allows. A row is a family; parameters left is the largest share of its handled models.",
            "difference: of the cut model to the masked one over the largest output, the worst of the models compared "
            f"(at most {COMPARED / 1e6:.0f} million parameters, and a cut that changes the output); in doubles where "
            f"float32 gives more than {TOLERANCE:g}.",
            "cpu s: of graph, score and surgery together, median over the family; one thread.",
            "cannot: models that are refused, and layers of handled models that keep their width, with the line that "
            "stands in the way.",
            f"torch-pruning as in its examples, at most {PATIENCE} CPU s a model; whether it is right is not asked. "
            "It is told of heads where attention is torch's own, or has layers named qkv, or query, key and value, or "
            "q_proj, k_proj and v_proj.",
        ],
        packages=("torch-pruning", "torchvision", "timm", "transformers"),
    )


if __name__ == "__main__":
    main()
