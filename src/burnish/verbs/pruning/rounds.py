"""Prune a run: cut, finetune, and again, each round a run of its own."""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.common.seeding import generator
from burnish.data.batch import Batch
from burnish.data.loaders.loader import evaluation_loader
from burnish.pruning.weights import bake_, mask_zeros_
from burnish.runs.run import Run, load_run
from burnish.training.observers.observer import Observer
from burnish.verbs.fitting.fitting import go_on, start
from burnish.verbs.fitting.preparing import Prepared
from burnish.verbs.prune import Prune
from burnish.verbs.pruning.cutting import check, cut, part_of
from burnish.verbs.pruning.measures import measure

RECORD = "pruning.json"
_STEP, _MOST_ROUNDS = 0.15, 20
"""With ``max_drop``: share of what is left that goes in a round, and when to stop in any case."""


def prune_run(options: Prune, data: Any, observers: Sequence[Observer], model: nn.Module | None = None) -> list[Run]:
    """Prune the parent; one run a round, the last one is the result.

    Args:
        options: what is asked for.
        data: objects given from Python.
        observers: more watchers of each finetuning.
        model: of the parent, where it is the user's own; it is left as it was.

    Raises:
        InputError: options that do not go together, or what cutting and fitting raise.
    """
    check(options)
    if options.max_drop is not None:
        return _while_good(options, data, observers, model)
    runs: list[Run] = []
    for number in range(1, options.rounds + 1):
        wanted = part_of(options, number, options.rounds)
        runs.append(_round(wanted, runs, data, observers, model))
    return runs


def _while_good(options: Prune, data: Any, observers: Sequence[Observer], model: nn.Module | None) -> list[Run]:
    """Rounds until the score on validation has fallen by more than ``max_drop`` points; the last good ones."""
    target: dict[str, Any] = {"ratio": _STEP} if options.level != "weight" else {}
    runs: list[Run] = []
    first: float | None = None
    for number in range(1, _MOST_ROUNDS + 1):
        if options.level == "weight":
            target = {"sparsity": 1 - (1 - 2 * _STEP) ** number}
        wanted = replace(options, max_drop=None, **target)
        try:
            run = _round(wanted, runs, data, observers, model)
        except InputError as error:
            if not runs:
                raise
            print(f"no further cut after {runs[-1].path.name}: {error}", file=sys.stderr)
            return runs
        told = run.result["pruning"]
        name, direction = run.task.watched
        before, after = (told[when]["metrics"][name]["value"] for when in ("before", "finetuned"))
        first = before if first is None else first
        drop = 100 * (first - after if direction == "max" else after - first)
        assert options.max_drop is not None
        if drop > options.max_drop:
            if runs:
                return runs
            raise InputError(
                f"the smallest cut ({next(iter(target.values())):g}) costs {drop:.2f} points of {name} already, more "
                f"than max_drop {options.max_drop:g}: finetune for more epochs, or allow more; it is in {run.path}"
            )
        runs.append(run)
    return runs


def _round(
    options: Prune, before: Sequence[Run], data: Any, observers: Sequence[Observer], model: nn.Module | None
) -> Run:
    told: dict[str, Any] = {}
    options = replace(options, parent=before[-1].path) if before else options
    own = model if not before else before[-1].model if model is not None else None

    def change(ready: Prepared) -> Prepared:
        found = _cut(ready, options, told)
        if not options.quiet:
            before, after = told["before"], told["cut"]
            share = after["parameters"] / before["parameters"]
            line = f"pruned by {told['criterion']}: {share:.1%} of the parameters stay"
            if (latency := told.get("reached", {}).get("latency")) is not None:
                line += f", and {latency:.1%} of the time at batch {ready.options.batch_size}, measured in turns"
            print(line, file=sys.stderr)
        return found

    return start(options, data, copy.deepcopy(own), observers, change)


def resume_run(options: Prune, data: Any, observers: Sequence[Observer]) -> Run:
    """Go on with a run that was interrupted while it was finetuned."""
    assert options.resume is not None
    path = Path(load_run(options.resume).path)
    try:
        told = json.loads((path / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path / RECORD} cannot be read: {error}; prune the parent again") from None

    def change(ready: Prepared) -> Prepared:
        return _finetuned(ready, ready.options, told)

    return go_on(options, data, None, observers, change)


def _cut(ready: Prepared, options: Prune, told: dict[str, Any]) -> Prepared:
    """What is trained, after the cut; what was found lands in ``told``."""
    validation = evaluation_loader(ready.data.validation) if len(ready.data.validation) else None
    batch_size, threads = ready.options.batch_size or 1, options.threads or 1
    told["before"] = measure(ready.model, ready.task, validation, batch_size, threads)
    example = ready.task.example(batch_size)
    ready.model.eval()
    sparse = any(stage["level"] == "weight" for stage in ready.surgery)
    if sparse and options.level != "weight":
        bake_(ready.model)
    found = cut(ready.model, example, options, calibration_of(ready, options), ready.task)
    told |= {
        "level": options.level,
        **found.report,
        "cut": measure(found.model, ready.task, validation, batch_size, threads),
    }
    if sparse and options.level != "weight":
        mask_zeros_(found.model)
    record = ready.model_record | {"surgery": True}
    changed = replace(
        ready,
        model=found.model,
        model_record=record,
        surgery=(*ready.surgery, found.stage),
        files={RECORD: json.dumps(told)},
        is_own_object=False,
    )
    return _finetuned(changed, ready.options, told, teacher=ready.model)


def _finetuned(ready: Prepared, options: Any, told: dict[str, Any], teacher: nn.Module | None = None) -> Prepared:
    """With the task that finetunes, and what is measured at the end."""
    task = ready.task
    if options.distill:
        from burnish.pruning.distillation import Distillation

        if task.name != "classification":
            raise InputError(f"distill is for classifiers, the task here is {task.name}: leave it out")
        if teacher is None:
            assert ready.parent is not None
            teacher = load_run(ready.parent, trust=options.trust).model
        task = Distillation(ready.data.schema, teacher, options.distill, **ready.task_record["options"])

    def finish(module: nn.Module) -> dict[str, Any]:
        validation = evaluation_loader(ready.data.validation) if len(ready.data.validation) else None
        after = measure(module, ready.task, validation, options.batch_size or 1, options.threads or 1)
        return {"pruning": told | {"finetuned": after}}

    return replace(ready, task=task, finish=finish)


def calibration_of(ready: Prepared, options: Prune) -> list[Batch]:
    """Training samples in batches, drawn by the seed, as they are without augmentation."""
    source = ready.data.train
    count = min(options.calibration, len(source))
    chosen = torch.randperm(len(source), generator=generator(options.seed, "calibration"))[:count]
    return [Batch(*source.gather(index), index) for index in chosen.split(128)]
