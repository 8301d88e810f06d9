"""Watch what certain weights of a running model are multiplied with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

_aten = torch.ops.aten
_PRODUCTS = {_aten.mm: (0, 1), _aten.bmm: (0, 1), _aten.mv: (0, 1), _aten.addmm: (1, 2), _aten.baddbmm: (1, 2)}
_PRODUCTS |= {_aten.addmv: (1, 2), _aten.addbmm: (1, 2)}
_LINEAR = {_aten.linear, _aten.mkldnn_rnn_layer}

Place = tuple[str, int]
"""A dimension of a weight, by name."""


class ReaderWatch(TorchDispatchMode):
    """Sums over the rows that each dimension of a weight is multiplied with, while the context is open.

    A weight is known by the memory it lies in, and its dimension by the stride, since operators are given views of it.

    Args:
        wanted: dimensions of weights to watch, with the weights.
        of: from what is read to what is summed, element by element.

    Attributes:
        sums: for each place, over all rows, ``(positions of the dimension,)``.
        rows: how many there were.
        touched: places in weights that any operator was given, seen or not.

    >>> weight = torch.eye(2)
    >>> with ReaderWatch({("w", 1): weight}, torch.abs) as watch:
    ...     _ = torch.tensor([[1.0, -2.0], [3.0, 0.0]]) @ weight.T
    >>> watch.sums["w", 1].tolist(), watch.rows["w", 1]
    ([4.0, 2.0], 2)
    """

    def __init__(self, wanted: Mapping[Place, Tensor], of: Callable[[Tensor], Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.of = of
        self.sums: dict[Place, Tensor] = {}
        self.rows: dict[Place, int] = {}
        self.touched: set[Place] = set()
        self._weights: dict[int, list[tuple[Place, Tensor]]] = {}
        for place, weight in wanted.items():
            self._weights.setdefault(weight.untyped_storage().data_ptr(), []).append((place, weight))

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        operator = func.overloadpacket
        for tensor in torch.utils._pytree.tree_leaves(args):
            if isinstance(tensor, Tensor):
                self.touched.update(place for place, _ in self._known(tensor))
        if operator is _aten.convolution:
            image, weight, transposed, groups = args[0], args[1], args[6], args[8]
            for place in self._places(weight, 0 if transposed else 1):
                channels = image.movedim(1, -1)
                # Every group of a convolution reads with the same columns; a transposed one has a row for each input.
                self._take(place, channels if transposed else channels.unflatten(-1, (groups, -1)))
        elif operator in _LINEAR:
            for place in self._places(args[1], -1):
                self._take(place, args[0])
        elif operator in _PRODUCTS:
            left, right = (args[place] for place in _PRODUCTS[operator])
            for place in self._places(right, max(-2, -right.ndim)):
                self._take(place, left)
            for place in self._places(left, -1):
                self._take(place, right.movedim(max(-2, -right.ndim), -1))
        return func(*args, **(kwargs or {}))

    def _known(self, tensor: Tensor) -> list[tuple[Place, Tensor]]:
        """Weights that a tensor is a view of; several may share memory, one behind the other."""
        return [
            (place, weight)
            for place, weight in self._weights.get(tensor.untyped_storage().data_ptr(), [])
            if 0 <= tensor.data_ptr() - weight.data_ptr() < weight.numel() * weight.element_size()
        ]

    def _places(self, tensor: Tensor, dim: int) -> list[Place]:
        """Places in weights that a dimension of a tensor is a view of."""
        size, stride = tensor.shape[dim], tensor.stride(dim)
        return [
            place
            for place, weight in self._known(tensor)
            if size == weight.shape[place[1]] and (size == 1 or stride == weight.stride(place[1]))
        ]

    def _take(self, place: Place, values: Tensor) -> None:
        numbers = self.of(values)
        precise = torch.float32 if numbers.device.type == "mps" else torch.float64
        total = numbers.flatten(0, -2).sum(dim=0, dtype=precise)
        self.sums[place] = self.sums.get(place, 0) + total
        self.rows[place] = self.rows.get(place, 0) + numbers.numel() // numbers.shape[-1]
