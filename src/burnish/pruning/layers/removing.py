"""Take blocks out of a model, and write down which, so that a fresh one can be cut alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from burnish.common.errors import InputError, did_you_mean

Steps = list[dict[str, Any]]
"""What was done to a model as plain data: the name of each block that is gone."""

_STEP = "remove_block"


class PassThrough(nn.Identity):
    """What stands where a block was: its first argument passes, whatever else the block was called with.

    It keeps the block's place, so that the names of all other tensors stay what they were.

    >>> import torch
    >>> PassThrough()(torch.ones(1), mask=None)
    tensor([1.])
    """

    def forward(self, input: Tensor, *others: Any, **options: Any) -> Tensor:
        return input


def remove_blocks_(model: nn.Module, names: Sequence[str]) -> Steps:
    """Take blocks out of a model: their parameters and buffers are gone, and their input passes unchanged.

    Whether the shapes allow it is a question for :func:`burnish.pruning.layers.removable_blocks`. An optimizer must be
    made anew. A module that is registered under several names goes under all of them.

    Args:
        model: any module; all but the blocks stays as it is.
        names: of blocks, as in ``model.named_modules()``.

    Returns:
        What :func:`replay_blocks_` needs to do the same to a fresh model.

    Raises:
        InputError: no name, one that the model does not have, one that is gone already, one twice, or one inside
            another. Nothing is removed then.

    >>> net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 1))
    >>> remove_blocks_(net, ["1"]), len(list(net.parameters()))
    ([{'remove_block': '1'}], 4)
    """
    for name, block in _checked(model, list(names)).items():
        _replace_(model, block, _stand_in(block))
        assert isinstance(model.get_submodule(name), PassThrough)
    return [{_STEP: name} for name in names]


def replay_blocks_(model: nn.Module, steps: Iterable[Mapping[str, Any]]) -> None:
    """Take the same blocks out of a fresh model, so that the state dict of the cut one fits.

    Args:
        model: of the same code as the other was.
        steps: what :func:`remove_blocks_` returned.

    Raises:
        InputError: a step does not fit the model. Nothing is removed then.

    >>> one, other = (nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1)) for _ in range(2))
    >>> replay_blocks_(other, remove_blocks_(one, ["0"]))
    >>> other.load_state_dict(one.state_dict())
    <All keys matched successfully>
    """
    steps = list(steps)
    for step in steps:
        if not isinstance(step, Mapping) or list(step) != [_STEP] or not isinstance(step[_STEP], str):
            raise InputError(f"the step {step} is none of removed blocks: expected {{'{_STEP}': name}}")
    if steps:
        remove_blocks_(model, [step[_STEP] for step in steps])


def _checked(model: nn.Module, names: list[str]) -> dict[str, nn.Module]:
    if not names:
        raise InputError("there is nothing to remove: give at least one name of removable_blocks(model, example)")
    known = dict(model.named_modules(remove_duplicate=False))
    found: dict[str, nn.Module] = {}
    for name in names:
        if name not in known or not name:
            hint = did_you_mean(name, known) if name else ": the whole model cannot go"
            raise InputError(f"{type(model).__name__} has no block '{name}' that could be removed{hint}")
        if isinstance(known[name], PassThrough):
            raise InputError(f"block '{name}' is gone already: the model was cut before")
        if name in found:
            raise InputError(f"block '{name}' is named twice: name it once")
        outer = next((other for other in names if name.startswith(f"{other}.")), None)
        if outer is not None:
            raise InputError(f"block '{name}' lies inside '{outer}', which goes as well: name one of them")
        found[name] = known[name]
    return found


def _stand_in(block: nn.Module) -> PassThrough:
    return PassThrough().train(block.training)


def _replace_(model: nn.Module, old: nn.Module, new: nn.Module) -> None:
    for module in list(model.modules()):
        for name, child in module._modules.items():
            if child is old:
                module._modules[name] = new
