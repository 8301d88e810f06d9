"""Remove the blocks of a model that matter least, for a share of them or down to a share of its parameters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from torch import nn

from burnish.common.errors import InputError
from burnish.pruning.criteria.calibration import Loss
from burnish.pruning.layers.block import Blocks
from burnish.pruning.layers.finding import find_blocks
from burnish.pruning.layers.ownership import Ownership
from burnish.pruning.layers.pruned_blocks import PrunedBlocks
from burnish.pruning.layers.removing import remove_blocks_
from burnish.pruning.layers.scoring import Criterion, score_blocks
from burnish.pruning.layers.standing_in import passed_through
from burnish.tasks.task import Task


def prune_layers(
    model: nn.Module,
    example: Any,
    criterion: Criterion = "similarity",
    *,
    parameters: float | None = None,
    ratio: float | None = None,
    ignore: Sequence[str] = (),
    batches: Iterable[Any] | None = None,
    task: Task | Loss | None = None,
    seed: int = 0,
    greedy: bool = False,
) -> PrunedBlocks:
    """Remove the blocks of lowest score from a model, in place.

    Parameters that stay are the same objects; an optimizer must be made anew. At least one block stays.

    Args:
        model: any module that can run with the example.
        example: its input.
        criterion: what a block is worth, see :func:`burnish.pruning.layers.score_blocks`.
        parameters: share of the model's parameters that may stay, in (0, 1).
        ratio: share of the removable blocks that goes, in (0, 1); rounded to whole blocks.
        ignore: names of modules that stay, and all inside and around them.
        batches: for criteria that look at data.
        task: for criteria that look at the loss.
        seed: of ``random``.
        greedy: score again after each removal, as blocks that can stand in for each other should not both go.

    Raises:
        InputError: nothing can be removed (with the reasons), nothing would be, both or neither of ``parameters`` and
            ``ratio``, a share outside (0, 1), or one that cannot be reached (the limit is named). The model is as it
            was then.

    >>> import torch
    >>> net = nn.Sequential(*(nn.Linear(2, 2) for _ in range(5)))
    >>> found = prune_layers(net, torch.zeros(1, 2), "random", ratio=0.5)
    >>> len(found.removed), found.parameters_before, found.parameters_after
    (2, 30, 18)
    """
    found = _found(model, example, ignore)
    before = sum(parameter.numel() for parameter in model.parameters())
    count = _count(ratio, parameters, len(found.removable))
    if batches is not None and greedy:
        batches = list(batches)
    ownership = Ownership(model, [block.name for block in found.removable])
    scores: dict[str, float] = {}
    removed: list[str] = []

    def enough() -> bool:
        if count is not None:
            return len(removed) == count
        assert parameters is not None
        return before - ownership.freed(removed) <= parameters * before

    while not enough():
        if len(removed) == len(found.removable) - 1:
            raise _unreachable(parameters, before, before - ownership.freed(removed), len(removed))
        left = [block for block in found.removable if block.name not in removed]
        if greedy or not scores:
            with passed_through(model, removed):
                scores |= score_blocks(model, left, criterion, batches=batches, task=task, seed=seed)
        removed.append(min(left, key=lambda block: scores[block.name]).name)
    steps = remove_blocks_(model, removed)
    after = sum(parameter.numel() for parameter in model.parameters())
    return PrunedBlocks(tuple(removed), scores, found.removable, found.refusals, steps, before, after)


def _found(model: nn.Module, example: Any, ignore: Sequence[str]) -> Blocks:
    found = find_blocks(model, example, ignore)
    kind = type(model).__name__
    if not found.removable:
        if ignore and find_blocks(model, example).removable:
            raise InputError(f"nothing is left to remove: every block of {kind} is in ignore ({', '.join(ignore)})")
        reasons = "; ".join(map(str, found.refusals[:3])) or "it has no module with weights inside"
        raise InputError(f"no block of {kind} can be replaced by its input: {reasons}. Cut filters instead")
    if len(found.removable) == 1:
        name = found.removable[0].name
        raise InputError(
            f"'{name}' is the only block of {kind} that can go, and one stays: remove_blocks_ takes it out"
        )
    return found


def _count(ratio: float | None, parameters: float | None, blocks: int) -> int | None:
    """How many blocks a ratio asks for; None where parameters do."""
    if (ratio is None) == (parameters is None):
        raise InputError(
            "give ratio, a share of the blocks that goes, or parameters, a share that stays: one of the two"
        )
    name, value = ("parameters", parameters) if ratio is None else ("ratio", ratio)
    assert value is not None
    if not 0 < value < 1:
        raise InputError(f"{name} must lie in (0, 1), got {value:g}: 0.5 is a half")
    if ratio is None:
        return None
    count = round(ratio * blocks)
    if count == 0:
        raise InputError(f"a ratio of {ratio:g} of {blocks} blocks is none: {1 / blocks:.2g} takes out one")
    if count == blocks:
        most = (blocks - 1) / blocks
        raise InputError(f"a ratio of {ratio:g} would remove all {blocks} removable blocks: at most {most:.2g} can go")
    return count


def _unreachable(wanted: float | None, before: int, left: int, removed: int) -> InputError:
    return InputError(
        f"{wanted:.4g} of the {before:,} parameters cannot be reached: with {removed} of {removed + 1} removable "
        f"blocks gone {left / before:.4f} stay; ask for at least that, or cut filters as well"
    )
