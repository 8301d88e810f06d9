"""From scores to what is removed, and how much can be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from burnish.common.errors import InputError
from burnish.pruning.weights.prunable import Weight
from burnish.pruning.weights.selection import lowest, lowest_in_groups, lowest_of_all

Scope = Literal["global", "layer"]


def choose(
    weights: Sequence[Weight],
    scores: Sequence[Tensor],
    sparsity: float | None,
    scope: Scope,
    kept_of: tuple[int, int] | None,
    least_per_output: int,
) -> list[Tensor]:
    """Where each weight is removed, what is removed already included; nothing is changed.

    Raises:
        InputError: a layer would lose all of its weights, or so much cannot be reached.
    """
    gone = [score == -torch.inf for score in scores]
    if kept_of is not None:
        pairs = zip(weights, scores, strict=True)
        found = [lowest_in_groups(score, *kept_of, dim=weight.input_dim) for weight, score in pairs]
    else:
        assert sparsity is not None
        free = [_protected(weight, score, least_per_output) for weight, score in zip(weights, scores, strict=True)]
        device = scores[0].device
        if scope == "global":
            count = round(sparsity * sum(score.numel() for score in scores))
            _check_reach(free, count, "of all weights", least_per_output)
            found = lowest_of_all([score.to(device) for score in free], count)
        else:
            counts = [round(sparsity * score.numel()) for score in scores]
            for weight, score, count in zip(weights, free, counts, strict=True):
                _check_reach([score], count, f"of '{weight.name}'", least_per_output)
            found = [lowest(score, count) for score, count in zip(free, counts, strict=True)]
    found = [mask.to(old.device) | old for mask, old in zip(found, gone, strict=True)]
    _check_layers(weights, scores, found, scope)
    return found


def _protected(weight: Weight, score: Tensor, least: int) -> Tensor:
    """The scores, with plus infinity on the highest few of every output."""
    if least == 0:
        return score
    score = score.clone(memory_format=torch.contiguous_format)
    rows = weight.by_output(score)
    best = torch.zeros_like(rows, dtype=torch.bool)
    best.scatter_(1, rows.argsort(dim=1, descending=True, stable=True)[:, :least], True)
    positions = weight.by_output(torch.arange(score.numel(), device=score.device).view(score.shape))
    chosen = positions[best & (rows > -torch.inf)]
    score.view(-1)[chosen] = torch.inf
    return score


def _check_reach(scores: Sequence[Tensor], count: int, what: str, least: int) -> None:
    total = sum(score.numel() for score in scores)
    most = total - sum(int((score == torch.inf).count_nonzero()) for score in scores)
    if count > most:
        raise InputError(
            f"least_per_output={least} keeps {total - most} {what}, so that at most {_down(most / total)} can be "
            f"removed, and {count / total:.4g} was asked for"
        )


def _check_layers(weights: Sequence[Weight], scores: Sequence[Tensor], found: Sequence[Tensor], scope: Scope) -> None:
    for weight, score, removed in zip(weights, scores, found, strict=True):
        if not removed.all():
            continue
        if scope == "layer":
            reach = _down((score.numel() - 1) / score.numel())
        else:
            total = sum(score.numel() for score in scores)
            best = torch.stack([score.max().cpu() for score in scores]).min()
            reach = _down(sum(int((score.cpu() < best).count_nonzero()) for score in scores) / total)
        raise InputError(
            f"'{weight.name}' would lose all of its {score.numel()} weights: the highest sparsity that leaves every "
            f"layer some is {reach}; ask for less, keep some with least_per_output=1, or ignore=('{weight.name}',)"
        )


def _down(share: float) -> float:
    """Four digits, never more than was given: what the message promises has to work."""
    return int(share * 1e4) / 1e4
