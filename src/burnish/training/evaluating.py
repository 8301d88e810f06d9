"""Scoring a split with several processes: each takes a part of every batch, all get the columns of all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from burnish.data.loaders.loader import Loader
from burnish.tasks.evaluation import Evaluation, sample_columns, score
from burnish.tasks.task import Task
from burnish.training.distributed import World, copy_from_main, gather_objects, share_object


def parts_of_evaluation(task: Task, count: int, world: World) -> dict[str, int]:
    """``rank`` and ``ranks`` for the loader of an evaluation.

    Empty, for the whole split, where the task scores in its own way or where there is not a sample for every process.
    """
    if world.size == 1 or count < world.size or type(task).evaluate is not Task.evaluate:
        return {}
    return {"rank": world.rank, "ranks": world.size}


def evaluate_together(task: Task, module: nn.Module, batches: Loader, world: World) -> Evaluation:
    """Score a module on the batches of all processes; every rank calls this and gets the same answer.

    Buffers (the running statistics of batch norm, say) are those of rank 0, here and afterwards. A sample that several
    processes scored counts once.
    """
    if world.size == 1:
        return task.evaluate(module, batches)
    copy_from_main(module.buffers(), world)
    if type(task).evaluate is not Task.evaluate:
        found = task.evaluate(module, batches)
    else:
        samples, scored = sample_columns(task, module, batches)
        found = score(task, join_columns(gather_objects(samples, world)), scored)
    # Machines may differ in the last bit, and a metric decides when to stop: they must stop together.
    return replace(found, metrics=share_object(found.metrics, world))


def join_columns(parts: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    """The columns of several processes in the order of the split.

    >>> first, second = {"index": torch.tensor([0, 2])}, {"index": torch.tensor([1, 2])}
    >>> join_columns([first, second])
    {'index': tensor([0, 1, 2])}
    """
    joined: dict[str, Any] = {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
    order = joined["index"].argsort(stable=True)
    index = joined["index"][order]
    first = torch.ones_like(index, dtype=torch.bool)
    first[1:] = index[1:] != index[:-1]
    return {name: column[order][first] for name, column in joined.items()}
