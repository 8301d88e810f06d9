"""Remove single weights of any model, by masks that stay."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import get_args

import torch
from torch import nn

from burnish.common.errors import InputError, unknown
from burnish.data.batch import Batch
from burnish.pruning.weights.choosing import Scope, choose
from burnish.pruning.weights.mask import put_mask_
from burnish.pruning.weights.pattern import Pattern, divisible, parse_pattern
from burnish.pruning.weights.prunable import Weight, prunable_weights
from burnish.pruning.weights.scores import Criterion, score_weights
from burnish.pruning.weights.sparsity import Sparsity, describe
from burnish.tasks.task import Task


def sparsify_(
    model: nn.Module,
    sparsity: float | None = None,
    *,
    scope: Scope = "global",
    pattern: Pattern | None = None,
    criterion: Criterion = "magnitude",
    least_per_output: int = 0,
    ignore: Iterable[str] = (),
    task: Task | None = None,
    batches: Iterable[Batch] | None = None,
    seed: int = 0,
) -> Sparsity:
    """Remove the weights that matter least.

    Source: Han et al. 2015, "Learning both Weights and Connections for Efficient Neural Networks", arXiv:1506.02626,
    section 3. Removed weights are masked (:class:`burnish.pruning.weights.mask.Mask`), so that they stay zero while the
    rest is trained on, until :func:`burnish.pruning.weights.mask.bake_`. What was removed before stays so and counts.

    Args:
        model: any module, changed in place. Weights that modules share are removed once, for all of them.
        sparsity: share of the weights that is zero afterwards, in (0, 1); left out with ``pattern``.
        scope: ``global`` compares all weights of the model, ``layer`` removes the same share of each.
        pattern: N:M, as ``"2:4"`` or ``(2, 4)``: N of every M neighbours stay, counted along the inputs of an output.
            Weights whose number of inputs M does not divide stay dense, and the result says so.
        criterion: ``magnitude``, ``taylor`` (needs ``task`` and ``batches``), ``random``, or a function of a weight's
            name and values that gives scores; see :func:`burnish.pruning.weights.scores.score_weights`.
        least_per_output: so many weights stay with every output of every layer, the highest of its own.
        ignore: names of modules or weights to leave alone.
        task: what the loss is, for taylor.
        batches: what the loss is measured on, for taylor.
        seed: for random.

    Returns:
        Removed weights by layer and in all.

    Raises:
        InputError: a number out of range, an unknown name, nothing to remove, or a layer that would lose all of its
            weights, with the sparsity that can be reached.

    >>> layer = nn.Linear(4, 1, bias=False)
    >>> _ = layer.weight.data.copy_(torch.tensor([[0.1, -3.0, 2.0, -0.2]]))
    >>> print(sparsify_(layer, 0.5), layer.weight.tolist())
    weight   50.00%  2 of 4
    total    50.00%  2 of 4 [[0.0, -3.0, 2.0, 0.0]]
    """
    kept_of = parse_pattern(pattern) if pattern is not None else None
    _check(sparsity, scope, kept_of, least_per_output)
    weights = prunable_weights(model, ignore)
    left_dense: list[tuple[str, str]] = []
    if kept_of is not None:
        weights, left_dense = divisible(weights, kept_of[1])
    before = _removed(weights)
    scores = score_weights(model, weights, criterion, task=task, batches=batches, seed=seed)
    found = choose(weights, scores, sparsity, scope, kept_of, least_per_output)
    if not any(bool((mask & (score > -torch.inf)).any()) for mask, score in zip(found, scores, strict=True)):
        total = sum(score.numel() for score in scores)
        raise InputError(
            f"nothing would be removed: {before} of {total} weights ({before / total:.4g}) are zero already, and "
            f"sparsity {sparsity or pattern} asks for no more; ask for a higher one"
        )
    for weight, removed in zip(weights, found, strict=True):
        put_mask_(weight.owners, ~removed)
    return describe(model, weights, left_dense)


def _check(sparsity: float | None, scope: str, kept_of: tuple[int, int] | None, least_per_output: int) -> None:
    if scope not in get_args(Scope):
        raise unknown("scope", scope, get_args(Scope))
    if least_per_output < 0:
        raise InputError(f"least_per_output must be 0 or more, got {least_per_output}")
    if kept_of is None:
        if sparsity is None or not 0 < sparsity < 1:
            raise InputError(f"sparsity must lie in (0, 1), got {sparsity}: 0.9 removes nine weights of ten")
        return
    if least_per_output:
        raise InputError("least_per_output does not go with a pattern, which keeps some weights of every output anyway")
    implied = 1 - kept_of[0] / kept_of[1]
    if sparsity is not None and abs(sparsity - implied) > 1e-9:
        raise InputError(
            f"pattern {kept_of[0]}:{kept_of[1]} removes {implied:.4g} of the weights, got sparsity {sparsity}: "
            "leave sparsity out"
        )


def _removed(weights: Sequence[Weight]) -> int:
    return sum(weight.mask.removed for weight in weights if weight.mask is not None)
