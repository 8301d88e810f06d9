"""Follow the channels of every tensor through a running forward."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from burnish.pruning.graph.atoms import Atoms, Dim, Ids
from burnish.pruning.graph.rules.call import Call
from burnish.pruning.graph.rules.general import labels_after
from burnish.pruning.graph.rules.reshaping import Labels


class Tracker:
    """Channels by tensor. Tensors are kept alive, so that none takes another's place.

    Args:
        atoms: what the channels are drawn from.
        names: of every parameter and buffer, by identity of the tensor.
        weights: their channels, by name.

    Attributes:
        labels: channels by identity of the tensor.
        touched: names of parameters and buffers that an operator has read.
        consumed: dimensions of weights that a product has summed over.
        made: the other dimensions of those weights.
        named: names and dimensions of the weights whose rows the inputs name.
    """

    def __init__(self, atoms: Atoms, names: dict[int, str], weights: Mapping[str, Labels]) -> None:
        self.atoms, self.names, self.weights = atoms, names, weights
        self.labels: dict[int, Labels] = {key: weights[name] for key, name in names.items()}
        self.touched: set[str] = set()
        self.consumed: list[Dim] = []
        self.made: list[Dim] = []
        self.named: set[tuple[str, int]] = set()
        self._live: set[int] = set()
        self._alive: list[Tensor] = []

    def start(self, tensor: Tensor) -> None:
        """Call a tensor an input of the model: nothing of it can be removed."""
        self._alive.append(tensor)
        self._live.add(id(tensor))
        self.labels[id(tensor)] = (None,) * tensor.ndim

    def end(self, tensor: Tensor) -> None:
        """Call a tensor an output of the model: nothing of it can be removed."""
        for dim in self.of(tensor):
            self.atoms.fix(dim)

    def of(self, tensor: Tensor) -> Labels:
        """The channels along every dimension of a tensor; of one that nobody has seen, none can be removed."""
        return self.labels.get(id(tensor)) or (None,) * tensor.ndim

    def is_live(self, tensor: Tensor) -> bool:
        """Whether a tensor depends on the inputs of the model."""
        return id(tensor) in self._live

    def places_of(self, channels: list[Ids]) -> set[tuple[str, int]]:
        """Names and dimensions of the weights that have places which go with none but these channels."""
        wanted = np.unique(np.concatenate([rows.ravel() for rows in channels]))
        wanted = wanted[wanted > 0]

        def depends(along: Dim) -> bool:
            rows = self.atoms.resolve(along)
            if rows is None:
                return False
            gone = np.isin(rows, wanted)
            return bool(((gone | (rows == 0)).all(axis=0) & gone.any(axis=0)).any())

        return {
            (name, dim) for name, labels in self.weights.items() for dim, along in enumerate(labels) if depends(along)
        }

    def follow(self, operation: Any, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> Call:
        """Take note of one operator that has run."""
        arguments = _bound(operation, args, kwargs)
        inputs, outputs = tensors_of(arguments.values()), tensors_of([output])
        call = Call(
            operation,
            arguments,
            outputs,
            self.atoms,
            self.of,
            self.is_live,
            self.consumed.append,
            self.made.append,
            self.places_of,
        )
        self.touched.update(self.names[id(value)] for value in inputs if id(value) in self.names)
        live = any(id(value) in self._live for value in inputs)
        for tensor, labels in zip(outputs, labels_after(call), strict=True):
            self._alive.append(tensor)
            known = self.labels.get(id(tensor))
            in_place = known is not None and torch.Tag.inplace_view not in operation.tags
            if known is not None and in_place and len(known) == len(labels):
                for one, two in zip(known, labels, strict=True):
                    self.atoms.unite(one, two)
            self.labels[id(tensor)] = labels
            if live:
                self._live.add(id(tensor))
        self.named |= call.named
        self._alive.extend(inputs)
        return call


def _bound(operation: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for place, argument in enumerate(operation._schema.arguments):
        if place < len(args):
            found[argument.name] = args[place]
        elif argument.name in kwargs:
            found[argument.name] = kwargs[argument.name]
        else:
            found[argument.name] = argument.default_value
    return found


def tensors_of(values: Any) -> list[Tensor]:
    """Every tensor of a nest, in order."""
    return [leaf for leaf in torch.utils._pytree.tree_leaves(list(values)) if isinstance(leaf, Tensor)]
