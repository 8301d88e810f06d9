"""Which blocks of a model can be replaced by their input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError, unknown
from burnish.models.pyramid import Pyramid
from burnish.pruning.layers.block import Block, Blocks, Refusal
from burnish.pruning.layers.ownership import Ownership
from burnish.pruning.layers.removing import PassThrough
from burnish.pruning.layers.standing_in import passed_through
from burnish.pruning.layers.watching import Seen, run, watch

_LARGEST = 3


def removable_blocks(model: nn.Module, example: Any) -> tuple[Block, ...]:
    """The blocks that can be replaced by their input without changing another shape; see :func:`find_blocks`.

    >>> from burnish.models import create
    >>> [block.name for block in removable_blocks(create("resnet20", 10, 1, 28), torch.zeros(1, 1, 28, 28))]
    ['layer1.0', 'layer1.1', 'layer1.2', 'layer2.1', 'layer2.2', 'layer3.1', 'layer3.2']
    """
    return find_blocks(model, example).removable


def find_blocks(model: nn.Module, example: Any, ignore: Sequence[str] = ()) -> Blocks:
    """Find the blocks of a model that can go, by running it.

    A block is a module with weights that runs once, whose output has shape and type of its input. Where modules have a
    shortcut (their output depends on their input even with all matrices at zero: residual blocks, transformer layers),
    these are the blocks: the outermost that are repeated, so neither a stage nor a part of a block. A model without
    any is looked at as a chain: its links in ``nn.Sequential`` that keep the shape are blocks, the last layer aside.

    Every block is tried: the model has to give outputs of the same shapes without it.

    Args:
        model: any module; it is left as it was.
        example: its input, as :func:`burnish.models.count` takes it.
        ignore: names of modules that stay, and all inside and around them.

    Raises:
        InputError: the model does not run on the example, is compiled or on the meta device, or has no module of a
            name in ``ignore``.

    >>> net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 2))
    >>> find_blocks(net, torch.zeros(1, 4)).removable
    (Block(name='2', kind='Linear', parameters=72, shape=(1, 8), shortcut=False),)
    """
    known = dict(model.named_modules())
    for name in ignore:
        if name not in known:
            raise unknown("module in ignore", name, known)
    seen = watch(model, example)
    names = _outside_of_others(_with_shortcut(model, "", seen), known) or _links(model, "", seen)
    refusals = _siblings(seen, names)
    fine, failed = _tried(model, example, names)
    refusals += [Refusal(name, type(seen[name].module).__name__, reason) for name, reason in failed.items()]
    if not fine:
        refusals += _largest(seen)
    kept = [name for name in fine if not any(_overlap(name, other) for other in ignore)]
    ownership = Ownership(model, kept)
    blocks = tuple(
        Block(
            name,
            type(seen[name].module).__name__,
            ownership.freed([name]),
            seen[name].shape,
            seen[name].shortcut,
        )
        for name in kept
    )
    return Blocks(blocks, tuple(refusals))


def _with_shortcut(module: nn.Module, name: str, seen: dict[str, Seen]) -> list[str]:
    """The outermost repeated modules with a shortcut below a module."""
    found: list[str] = []
    for part, child in module.named_children():
        path = f"{name}.{part}" if name else part
        below = _with_shortcut(child, path, seen)
        record = seen.get(path)
        fits = record is not None and record.reason is None and record.shortcut
        if fits and not _consists_of(child, path, below, seen):
            found.append(path)
        else:
            found += below
    return found


def _consists_of(module: nn.Module, name: str, below: list[str], seen: dict[str, Seen]) -> bool:
    """Whether blocks inside a module are the repeated unit, and the module only holds them."""
    if not below:
        return False
    inside = {id(parameter) for path in below for parameter in seen[path].module.parameters()}
    if all(id(parameter) in inside for parameter in module.parameters()):
        return True
    kinds = [(path.rpartition(".")[0], type(seen[path].module)) for path in below]
    cut = {  # what was taken out before still counts as one of them
        f"{name}.{path}".rpartition(".")[0] for path, part in module.named_modules() if isinstance(part, PassThrough)
    }
    return any(kinds.count(kind) > 1 or kind[0] in cut for kind in kinds)


def _outside_of_others(names: list[str], known: dict[str, nn.Module]) -> list[str]:
    """Without those inside a block of another kind that has to stay, such as the gate of one that changes its width."""
    kinds = {type(known[name]) for name in names} - {nn.Sequential}

    def around(name: str) -> set[type[nn.Module]]:
        parts = name.split(".")
        return {type(known[".".join(parts[:end])]) for end in range(1, len(parts))}

    return [name for name in names if not around(name) & (kinds - {type(known[name])})]


def _links(module: nn.Module, name: str, seen: dict[str, Seen]) -> list[str]:
    """Links of plain chains that keep the shape: the outermost that do not hold other links with several layers."""
    found: list[str] = []
    chained = _is_chain(module)
    looked_into = not name or chained or isinstance(module, nn.ModuleList) or _only_wraps(module)
    for part, child in module.named_children() if looked_into else ():
        path = f"{name}.{part}" if name else part
        below = _links(child, path, seen)
        record = seen.get(path)
        is_leaf = next(child.children(), None) is None
        fits = record is not None and record.reason is None and not record.is_last
        fits = fits and (chained or not is_leaf)
        if fits and all(next(seen[path].module.children(), None) is None for path in below):
            found.append(path)
        else:
            found += below
    return found


def _is_chain(module: nn.Module) -> bool:
    """Whether each child gets what the one before gave; a sequence with a forward of its own may do anything."""
    return isinstance(module, Pyramid) or (
        isinstance(module, nn.Sequential) and type(module).forward is nn.Sequential.forward
    )


def _only_wraps(module: nn.Module) -> bool:
    """Whether one child holds all parameters."""
    count = len(list(module.parameters()))
    return any(len(list(child.parameters())) == count for child in module.children())


def _siblings(seen: dict[str, Seen], names: list[str]) -> list[Refusal]:
    """Modules of the same classes as the blocks that have to stay."""
    several = [seen[name].module for name in names if next(seen[name].module.children(), None) is not None]
    kinds = {type(module) for module in several} - {nn.Sequential}
    return [
        Refusal(name, type(record.module).__name__, record.reason)
        for name, record in seen.items()
        if record.reason is not None
        and type(record.module) in kinds
        and not any(name.startswith(f"{block}.") for block in names)
    ]


def _largest(seen: dict[str, Seen]) -> list[Refusal]:
    """The largest modules with several layers, or the largest layers where there are none."""
    inner = {name: record for name, record in seen.items() if name}
    several = {name: record for name, record in inner.items() if next(record.module.children(), None) is not None}

    def size(name: str) -> int:
        return sum(parameter.numel() for parameter in inner[name].module.parameters())

    largest = sorted(several or inner, key=size, reverse=True)[:_LARGEST]
    otherwise = "keeps its shape, but has no shortcut and is no inner link of a plain chain"
    return [Refusal(name, type(inner[name].module).__name__, inner[name].reason or otherwise) for name in largest]


def _tried(model: nn.Module, example: Any, names: list[str]) -> tuple[list[str], dict[str, str]]:
    """Which blocks the model really runs without, and what happens without the others."""
    if not names:
        return [], {}
    shapes = _shapes(run(model, example))
    if _failure(model, example, names, shapes) is None:
        return names, {}
    failures = {name: _failure(model, example, [name], shapes) for name in names}
    failed = {name: reason for name, reason in failures.items() if reason is not None}
    return [name for name in names if name not in failed], failed


def _failure(model: nn.Module, example: Any, names: list[str], shapes: list[Any]) -> str | None:
    with passed_through(model, names):
        try:
            found = _shapes(run(model, example))
        except InputError as error:
            return f"is looked into by what is around it: {error.__cause__}"
    return None if found == shapes else "changes the shape of the output when it goes"


def _shapes(output: Any) -> list[Any]:
    leaves = torch.utils._pytree.tree_leaves(output)
    return [tuple(leaf.shape) if isinstance(leaf, Tensor) else type(leaf) for leaf in leaves]


def _overlap(block: str, name: str) -> bool:
    return f"{block}.".startswith(f"{name}.") or f"{name}.".startswith(f"{block}.")
