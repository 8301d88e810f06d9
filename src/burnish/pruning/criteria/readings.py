"""What the weights that read the channels of a model are given, batch after batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from burnish.common.errors import InputError
from burnish.common.module_state import preserved_mode, untouched
from burnish.pruning.criteria.calibration import Calibration
from burnish.pruning.criteria.members import combined, consuming
from burnish.pruning.graph.group import Group

_aten = torch.ops.aten
_PRODUCTS = {_aten.mm: (0, 1), _aten.bmm: (0, 1), _aten.mv: (0, 1), _aten.addmm: (1, 2), _aten.baddbmm: (1, 2)}
_PRODUCTS |= {_aten.addmv: (1, 2), _aten.addbmm: (1, 2)}
_LINEAR = {_aten.linear, _aten.mkldnn_rnn_layer}

Place = tuple[str, int]
"""A dimension of a weight, by name."""


def mean_readings(
    model: nn.Module, groups: Sequence[Group], calibration: Calibration, of: Callable[[Tensor], Tensor]
) -> list[Tensor]:
    """The mean, over all samples and positions, of a function of what is read from each channel.

    What a channel's readers are given is its value behind whatever nonlinearity, normalisation and pooling lie between,
    written as a module or as a function. Every sample weighs the same, however the batches are cut; a sample's own
    positions weigh the same too. Where several layers read a channel, their means are combined as members of the group.

    Args:
        model: it runs in evaluation mode, and is left as it was.
        groups: of the model.
        calibration: what it runs on.
        of: from values to numbers of at least 0, element by element.

    Returns:
        ``(channels,)`` float64 for each group.

    Raises:
        InputError: no reader of a group can be seen: the weight that it computes with is not the parameter itself, but
            made of it.
    """
    wanted: dict[Place, Tensor] = {}
    tensors = dict(model.named_parameters())
    for group in groups:
        wanted.update({(part.tensor, part.dim): tensors[part.tensor].detach() for part in consuming(group)})
    totals: dict[Place, Tensor] = {}
    counts: dict[Place, int] = {}
    with untouched(model), preserved_mode(model, training=False), torch.no_grad(), _visible():
        for batch in calibration.over(model):
            readings = _Readings(wanted, of)
            with readings:
                calibration.forward(model, batch)
            for place, total in readings.sums.items():
                mean = total / readings.rows[place]
                totals[place] = totals.get(place, 0) + mean * len(batch)
                counts[place] = counts.get(place, 0) + len(batch)
    result = []
    for group in groups:
        seen = [part for part in consuming(group) if (part.tensor, part.dim) in totals]
        if not seen:
            readers = ", ".join(group.consumers) or "nothing"
            raise InputError(
                f"what is read of the channels of '{group.name}' cannot be seen (read by {readers}): ignore that "
                "layer, or take a criterion that looks at weights, such as l1"
            )
        means = {place: totals[place] / counts[place] for place in ((part.tensor, part.dim) for part in seen)}
        result.append(
            combined(
                [
                    means[part.tensor, part.dim][part.index.to(means[part.tensor, part.dim].device)].mean(dim=1)
                    for part in seen
                ]
            )
        )
    return result


@contextmanager
def _visible() -> Iterator[None]:
    """Keep attention from its fused path, in which nothing can be seen."""
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)


class _Readings(TorchDispatchMode):
    """Sums over the rows that each dimension of a weight is multiplied with.

    A weight is known by the memory it lies in, and its dimension by the stride, since operators are given views of it.
    """

    def __init__(self, wanted: dict[Place, Tensor], of: Callable[[Tensor], Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.of = of
        self.sums: dict[Place, Tensor] = {}
        self.rows: dict[Place, int] = {}
        self._weights: dict[int, list[tuple[Place, Tensor]]] = {}
        for place, weight in wanted.items():
            self._weights.setdefault(weight.untyped_storage().data_ptr(), []).append((place, weight))

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        operator = func.overloadpacket
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

    def _places(self, tensor: Tensor, dim: int) -> list[Place]:
        """Places in weights that a dimension of a tensor is a view of."""
        found = []
        for place, weight in self._weights.get(tensor.untyped_storage().data_ptr(), []):
            inside = 0 <= tensor.data_ptr() - weight.data_ptr() < weight.numel() * weight.element_size()
            along = place[1]
            if (
                inside
                and tensor.shape[dim] == weight.shape[along]
                and (tensor.stride(dim) == weight.stride(along) or tensor.shape[dim] == 1)
            ):
                found.append(place)
        return found

    def _take(self, place: Place, values: Tensor) -> None:
        numbers = self.of(values)
        precise = torch.float32 if numbers.device.type == "mps" else torch.float64
        total = numbers.flatten(0, -2).sum(dim=0, dtype=precise)
        self.sums[place] = self.sums.get(place, 0) + total
        self.rows[place] = self.rows.get(place, 0) + numbers.numel() // numbers.shape[-1]
