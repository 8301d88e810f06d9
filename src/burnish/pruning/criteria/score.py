"""From a model, its groups and a criterion to a score for every channel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.pruning.criteria.calibration import Calibration, Loss
from burnish.pruning.criteria.catalogue import create
from burnish.pruning.criteria.criterion import Criterion
from burnish.pruning.criteria.members import check_fit, tensors_of
from burnish.pruning.criteria.normalisation import Normalisation, normalised
from burnish.pruning.graph.group import Group
from burnish.tasks.task import Task


def score_groups(
    model: nn.Module,
    groups: Sequence[Group],
    criterion: Criterion | str | Callable[[nn.Module, Group], Tensor] = "l1",
    *,
    batches: Iterable[Any] | None = None,
    task: Task | Loss | None = None,
    normalise: Normalisation | None = None,
) -> dict[str, Tensor]:
    """How much each channel of each group matters; the lowest go first.

    Raw scores of different layers are rarely comparable: a filter of 4608 weights has a larger norm than one of 27. So
    by default they are divided by the mean of their group, except those of criteria that are made to be compared as
    they come (batch normalisation scales, Taylor). Within a group the order is the same either way.

    Args:
        model: any module, left as it was: modes, gradients, buffers, generators.
        groups: of this model.
        criterion: one of this package, its name, or a function of the model and a group.
        batches: for criteria that look at data: a loader, or an iterable of ``Batch`` or ``(inputs, targets)``.
        task: for criteria that look at the loss: a task, or a function of outputs and targets.
        normalise: how scores of different groups are made comparable; None for what suits the criterion.

    Returns:
        By name of the group ``(channels,)`` float64 on the CPU, higher for what should stay.

    Raises:
        InputError: groups of another model, no data for a criterion that needs some, or scores that are NaN, infinite
            or not one for each channel.

    >>> from burnish.pruning.graph import groups
    >>> net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    >>> _ = net[0].weight.data.copy_(torch.tensor([[1.0, -1.0], [0.0, 1.0], [3.0, 0.0]]))
    >>> score_groups(net, groups(net, torch.zeros(1, 2)), "l1", normalise="none")
    {'0': tensor([2., 1., 3.], dtype=torch.float64)}
    """
    if not groups:
        raise InputError("there are no groups to score: trace the model, and look at what its graph refuses")
    tensors = tensors_of(model)
    for group in groups:
        check_fit(tensors, group)
    if isinstance(criterion, str):
        criterion = create(criterion)
    if isinstance(criterion, Criterion):
        scores = criterion.score(model, groups, _calibration(criterion, batches, task))
        normalise = normalise or criterion.normalisation
        name = criterion.name
    else:
        scores = [criterion(model, group) for group in groups]
        normalise = normalise or "mean"
        name = getattr(criterion, "__name__", type(criterion).__name__)
    found = {}
    for group, score in zip(groups, scores, strict=True):
        found[group.name] = normalised(_checked(score, group, name), normalise)
    return found


def _calibration(criterion: Criterion, batches: Iterable[Any] | None, task: Task | Loss | None) -> Calibration | None:
    if criterion.needs == "weights":
        return None
    if criterion.needs == "data" and batches is None:
        raise InputError(
            f"criterion '{criterion.name}' looks at data: pass batches=, a loader or a list of (inputs, targets), or "
            "take one that looks at weights, such as l1"
        )
    if criterion.needs == "loss" and (batches is None or task is None):
        missing = " and ".join(name for name, given in (("batches", batches), ("task", task)) if given is None)
        raise InputError(
            f"criterion '{criterion.name}' looks at the loss on data, and {missing} is missing: pass batches=, a "
            "loader or a list of (inputs, targets), and task=, a task or a function of outputs and targets"
        )
    assert batches is not None
    return Calibration(batches, task)


def _checked(score: Tensor, group: Group, name: str) -> Tensor:
    if not isinstance(score, Tensor) or score.shape != (group.count,):
        got = tuple(score.shape) if isinstance(score, Tensor) else type(score).__name__
        raise InputError(
            f"criterion '{name}' gave {got} for '{group.name}': expected a score a channel ({group.count},)"
        )
    score = score.detach().cpu().to(torch.float64)
    if not score.isfinite().all():
        raise InputError(
            f"criterion '{name}' gave NaN or infinity for '{group.name}': look for such weights, or such inputs"
        )
    return score
