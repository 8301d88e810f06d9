"""From a model, its blocks and a criterion to a score for every block."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from torch import nn

from burnish.common.errors import InputError, unknown
from burnish.pruning.criteria.calibration import Calibration, Loss
from burnish.pruning.layers.block import Block
from burnish.pruning.layers.discriminative import discriminative
from burnish.pruning.layers.loss_increase import loss_increase
from burnish.pruning.layers.random_control import random_control
from burnish.pruning.layers.similarity import similarity
from burnish.tasks.task import Task

Criterion = str | Callable[[nn.Module, Sequence[Block]], Mapping[str, float]]
"""A name of :data:`CRITERIA`, or a function of a model and blocks that gives a score by name."""

CRITERIA = ("discriminative", "loss", "random", "similarity")


def score_blocks(
    model: nn.Module,
    blocks: Sequence[Block],
    criterion: Criterion = "similarity",
    *,
    batches: Iterable[Any] | None = None,
    task: Task | Loss | None = None,
    seed: int = 0,
) -> dict[str, float]:
    """How much each block matters; the lowest go first.

    Args:
        model: any module, left as it was: modes, gradients, buffers, generators.
        blocks: of this model, see :func:`burnish.pruning.layers.find_blocks`.
        criterion: ``similarity`` looks at data, ``discriminative`` at data with class labels, ``loss`` at the loss on
            data, ``random`` at nothing; or a function of the model and the blocks.
        batches: a loader, or an iterable of ``Batch`` or ``(inputs, targets)``.
        task: a task, or a function of outputs and targets.
        seed: of ``random``.

    Returns:
        By name, higher for what should stay.

    Raises:
        InputError: no blocks, an unknown criterion, no data for one that needs some, or scores that are NaN, infinite
            or not one a block.

    >>> from burnish.pruning.layers.finding import removable_blocks
    >>> import torch
    >>> net = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 1))
    >>> blocks = removable_blocks(net, torch.zeros(1, 3))
    >>> list(score_blocks(net, blocks, lambda model, found: {block.name: block.parameters for block in found}).values())
    [12.0, 12.0]
    """
    if not blocks:
        raise InputError("there are no blocks to score: see what find_blocks(model, example) refuses")
    found: Mapping[str, float]
    if not isinstance(criterion, str):
        found, name = criterion(model, blocks), getattr(criterion, "__name__", type(criterion).__name__)
    elif criterion == "random":
        found, name = random_control(blocks, seed), criterion
    else:
        name, calibration = criterion, _calibration(criterion, batches, task)
        measure = {"discriminative": discriminative, "loss": loss_increase, "similarity": similarity}[criterion]
        found = measure(model, blocks, calibration)
    return _checked(found, blocks, name)


def _calibration(criterion: str, batches: Iterable[Any] | None, task: Task | Loss | None) -> Calibration:
    if criterion not in CRITERIA:
        raise unknown("criterion for blocks", criterion, CRITERIA)
    wanted = {"batches": batches, **({"task": task} if criterion == "loss" else {})}
    missing = [name for name, given in wanted.items() if given is None]
    if missing:
        looks_at = "the loss on data" if criterion == "loss" else "data"
        raise InputError(
            f"criterion '{criterion}' looks at {looks_at}, and {' and '.join(missing)} is missing: pass batches=, a "
            "loader or a list of (inputs, targets)"
            + (", and task=, a task or a function of outputs and targets" if criterion == "loss" else "")
        )
    assert batches is not None
    return Calibration(batches, task)


def _checked(found: Mapping[str, float], blocks: Sequence[Block], criterion: str) -> dict[str, float]:
    names = [block.name for block in blocks]
    missing = [name for name in names if name not in found]
    if missing:
        raise InputError(f"criterion '{criterion}' gave no score for block '{missing[0]}'")
    scores = {name: float(found[name]) for name in names}
    wrong = next((name for name, score in scores.items() if not math.isfinite(score)), None)
    if wrong is not None:
        raise InputError(
            f"criterion '{criterion}' gave {scores[wrong]} for block '{wrong}': look for NaN in weights and inputs"
        )
    return scores
