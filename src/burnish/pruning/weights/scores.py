"""How much a single weight matters: by its size, by what the loss would lose, or by chance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError, unknown
from burnish.common.module_state import untouched
from burnish.common.seeding import generator
from burnish.data.batch import Batch
from burnish.pruning.weights.prunable import Weight
from burnish.tasks.task import Task

CriterionName = Literal["magnitude", "taylor", "random"]
Criterion = CriterionName | Callable[[str, Tensor], Tensor]
"""A name, or a function of a weight's name and values that gives one score each; the highest stay."""


def score_weights(
    model: nn.Module,
    weights: Sequence[Weight],
    criterion: Criterion = "magnitude",
    *,
    task: Task | None = None,
    batches: Iterable[Batch] | None = None,
    seed: int = 0,
) -> list[Tensor]:
    """One score for each number of each weight; what a mask has removed already scores minus infinity.

    Sources: magnitude, Han et al. 2015, "Learning both Weights and Connections", arXiv:1506.02626, section 3; taylor,
    Molchanov et al. 2019, "Importance Estimation for Neural Network Pruning", arXiv:1906.10771, eq. 8, summed over
    batches; random, the control that every criterion has to beat.

    Args:
        model: what the weights belong to; it is left as it was.
        weights: from :func:`burnish.pruning.weights.prunable.prunable_weights`.
        criterion: how to score.
        task: for taylor: whose loss counts.
        batches: for taylor: what to measure it on.
        seed: for random; a weight draws the same numbers whatever else the model holds.

    Raises:
        InputError: an unknown criterion, taylor without data, or scores that do not fit their weight.
    """
    if callable(criterion):
        found = [_called(criterion, weight) for weight in weights]
    elif criterion == "magnitude":
        found = [weight.value.abs() for weight in weights]
    elif criterion == "random":
        found = [
            torch.rand(weight.value.shape, generator=generator(seed, "random pruning", weight.name)).to(
                weight.parameter.device
            )
            for weight in weights
        ]
    elif criterion == "taylor":
        found = _taylor(model, weights, task, batches)
    else:
        raise unknown("criterion", criterion, get_args(CriterionName))
    scores = []
    for weight, score in zip(weights, found, strict=True):
        score = score.detach().to(torch.promote_types(score.dtype, torch.float32), copy=True)
        if weight.mask is not None:
            score.masked_fill_(weight.mask.mask == 0, -torch.inf)
        scores.append(score)
    return scores


def _called(criterion: Callable[[str, Tensor], Tensor], weight: Weight) -> Tensor:
    score = criterion(weight.name, weight.value.clone())
    if not isinstance(score, Tensor) or score.shape != weight.value.shape or not score.isfinite().all():
        got = tuple(score.shape) if isinstance(score, Tensor) else type(score).__name__
        raise InputError(
            f"the criterion gave {got} for '{weight.name}': expected a finite score for each number of a weight of "
            f"shape {tuple(weight.value.shape)}"
        )
    return score


def _taylor(
    model: nn.Module, weights: Sequence[Weight], task: Task | None, batches: Iterable[Batch] | None
) -> list[Tensor]:
    if task is None or batches is None:
        raise InputError("criterion 'taylor' looks at the loss: pass task= and batches=, or take criterion='magnitude'")
    parameters = [weight.parameter for weight in weights]
    scores = [torch.zeros_like(parameter, dtype=torch.float32) for parameter in parameters]
    seen = 0
    with untouched(model), torch.enable_grad():
        model.eval()
        for parameter in parameters:
            parameter.requires_grad_()
        for batch in batches:
            loss = task.mean_loss(task.forward(model, batch), batch)
            gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
            for score, parameter, gradient in zip(scores, parameters, gradients, strict=True):
                if gradient is not None:
                    score += (gradient.float() * parameter.detach().float()).square()  # eq. 8
            seen += 1
    if not seen:
        raise InputError("criterion 'taylor' was given no batches: pass at least one")
    for weight, score in zip(weights, scores, strict=True):
        if not score.isfinite().all():
            raise InputError(f"the gradient of '{weight.name}' is NaN or infinite: check the data, or use fp32")
    return scores
