"""Run one operator on tensors whose dimensions all have channels of their own."""

from __future__ import annotations

from typing import Any

import torch

from burnish.pruning.graph.atoms import Atoms
from burnish.pruning.graph.following.tracker import Tracker
from burnish.pruning.graph.rules.call import Call


class Ruled:
    """An operator that has run: what its rule says of the channels.

    Args:
        operation: overload of an operator.
        args: its arguments; tensors get channels for every dimension, inputs of a model unless they are in ``weights``.
        live: whether tensors depend on the inputs.
        kwargs: arguments by name.
    """

    def __init__(self, operation: Any, *args: Any, live: bool = False, **kwargs: Any) -> None:
        atoms = Atoms()
        tensors = [leaf for leaf in torch.utils._pytree.tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
        names = {id(tensor): str(number) for number, tensor in enumerate(tensors)}
        self.inputs = [tuple(atoms.fresh(size) if size > 1 else None for size in tensor.shape) for tensor in tensors]
        self.tracker = Tracker(atoms, names, {str(number): labels for number, labels in enumerate(self.inputs)})
        if live:
            self.tracker._live.update(names)
        output = operation(*args, **kwargs)
        self.call: Call = self.tracker.follow(operation, args, kwargs, output)
        self.outputs = [self.tracker.of(tensor) for tensor in self.call.outputs]
        self.atoms = atoms

    def roots(self, dim: Any) -> list[int] | None:
        """What stands for each channel along a dimension; None where none can go."""
        found = self.atoms.resolve(dim)
        return None if found is None else found[0].tolist()

    def free(self, dim: Any) -> bool:
        """Whether every channel along a dimension can go."""
        found = self.roots(dim)
        return found is not None and all(found)

    def same(self, one: Any, two: Any) -> bool:
        """Whether two dimensions have the same channels, and some."""
        return self.roots(one) is not None and self.roots(one) == self.roots(two)
