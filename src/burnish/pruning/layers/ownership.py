"""Which parameters go with which blocks."""

from __future__ import annotations

from collections.abc import Iterable

from torch import nn


class Ownership:
    """Which parameters of a model are gone without some of its blocks.

    A parameter is gone when every module that holds it is inside one of them. It is counted once, however many do.

    Args:
        model: any module.
        names: of blocks, none inside another.

    >>> shared = nn.Linear(2, 2)
    >>> net = nn.Sequential(nn.Sequential(shared, nn.Linear(2, 1)), nn.Sequential(shared))
    >>> found = Ownership(net, ["0", "1"])
    >>> found.freed(["0"]), found.freed(["1"]), found.freed(["0", "1"])
    (3, 0, 9)
    """

    def __init__(self, model: nn.Module, names: Iterable[str]) -> None:
        blocks = {id(model.get_submodule(name)): name for name in names}
        owners: dict[int, set[str | None]] = {}
        waiting: list[tuple[nn.Module, str | None]] = [(model, None)]
        seen: set[tuple[int, str | None]] = set()
        while waiting:
            module, block = waiting.pop()
            block = blocks.get(id(module), block)
            if (id(module), block) in seen:
                continue
            seen.add((id(module), block))
            for parameter in module.parameters(recurse=False):
                owners.setdefault(id(parameter), set()).add(block)
            waiting += [(child, block) for child in module._modules.values() if child is not None]
        self._sizes: dict[frozenset[str | None], int] = {}
        for parameter in model.parameters():
            owner = frozenset(owners[id(parameter)])
            self._sizes[owner] = self._sizes.get(owner, 0) + parameter.numel()

    def freed(self, names: Iterable[str]) -> int:
        """How many parameters are gone without these blocks."""
        gone = set(names)
        return sum(size for owner, size in self._sizes.items() if owner <= gone)
