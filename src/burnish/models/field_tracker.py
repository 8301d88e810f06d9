"""Follow the receptive field of every tensor through a running forward."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from burnish.layers.conv_arithmetic import ReceptiveField, Window

Fields = tuple[ReceptiveField, ...] | None
"""One field a spatial dimension; None where an output sees the whole input, or no window describes what it sees."""

_aten = torch.ops.aten
_POOLS: set[Any] = {
    _aten.avg_pool1d,
    _aten.avg_pool2d,
    _aten.avg_pool3d,
    _aten.max_pool2d_with_indices,
    _aten.max_pool3d_with_indices,
    _aten.max_pool2d,
}
_KEEPERS: set[Any] = {_aten.constant_pad_nd, _aten.reflection_pad2d, _aten.replication_pad2d}


class FieldTracker:
    """Receptive fields by tensor, relative to one image-like input ``(batch, channels, *sizes)``.

    Where paths meet, the larger field counts. Layers that mix all positions (linear ones, global pooling, attention)
    end the tracking: their outputs see everything.
    """

    def __init__(self) -> None:
        self._fields: Any = WeakTensorKeyDictionary()

    def start(self, image: Tensor) -> None:
        """Call ``image`` the input."""
        self._fields[image] = (ReceptiveField(),) * (image.ndim - 2)

    def of(self, tensor: Tensor) -> Fields:
        """The fields of a tensor, if it has any."""
        found: Fields = self._fields.get(tensor)
        return found

    def follow(self, operation: Any, args: tuple[Any, ...], outputs: list[Tensor]) -> None:
        """Take note of one operator of torch that has run."""
        inputs = [value for value in torch.utils._pytree.tree_leaves(args) if isinstance(value, Tensor)]
        tracked = [value for value in inputs if value in self._fields]
        if not tracked:
            return
        like_first = [output for output in outputs if output.ndim == outputs[0].ndim]  # not a norm's statistics
        fields = self._after(operation, args, tracked, like_first)
        for output in like_first:
            self._fields[output] = fields

    def _after(self, operation: Any, args: tuple[Any, ...], tracked: list[Tensor], outputs: list[Tensor]) -> Fields:
        first = self._fields[tracked[0]]
        if first is None or any(self._fields[value] is None for value in tracked):
            return None
        if operation is _aten.convolution:
            _, weight, _, stride, padding, dilation, transposed = args[:7]
            return None if transposed else _slide(first, weight.shape[2:], stride, padding, dilation)
        if operation in _POOLS:
            kernel, stride, padding, dilation = _pooling(args, dilated="max" in str(operation))
            return _slide(first, kernel, stride or kernel, padding, dilation)
        if operation is _aten.slice:
            return _sliced(first, args)
        if operation in _KEEPERS:
            return tuple(first)
        sizes = tracked[0].shape[2:]
        keeps = all(value.shape[2:] == sizes for value in (*tracked, *outputs))
        return _joined([self._fields[value] for value in tracked]) if keeps else None


def _joined(several: list[tuple[ReceptiveField, ...]]) -> Fields:
    strides = [tuple(field.stride for field in fields) for fields in several]
    if any(stride != strides[0] for stride in strides):
        return None
    return tuple(max(along, key=lambda field: field.size) for along in zip(*several, strict=True))


def _slide(fields: tuple[ReceptiveField, ...], kernel: Any, stride: Any, padding: Any, dilation: Any) -> Fields:
    spread = [list(values) * (len(fields) if len(values) == 1 else 1) for values in (kernel, stride, padding, dilation)]
    if any(len(values) != len(fields) for values in spread):
        return None
    return tuple(field.through(Window(*window)) for field, *window in zip(fields, *spread, strict=True))


def _pooling(args: tuple[Any, ...], dilated: bool) -> tuple[Any, Any, Any, Any]:
    given = list(args[1:])
    kernel = given[0]
    stride = given[1] if len(given) > 1 else []
    padding = given[2] if len(given) > 2 else [0]
    dilation = given[3] if dilated and len(given) > 3 else [1]
    return kernel, stride, padding, dilation


def _sliced(fields: tuple[ReceptiveField, ...], args: tuple[Any, ...]) -> Fields:
    dim, step = (args[1] if len(args) > 1 else 0), (args[4] if len(args) > 4 else 1)
    dim = dim % args[0].ndim
    if dim < 2:
        return fields
    changed = fields[dim - 2].through(Window(1, stride=step))
    return (*fields[: dim - 2], changed, *fields[dim - 1 :])
