"""Follow the receptive field of every tensor through a running forward."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from burnish.models.field_layout import Layout, image_layout, is_plain, joined, plain
from burnish.models.field_rules import CONSTANTS, layout_after
from burnish.models.reach import Reach

Fields = tuple[Reach, ...] | None
"""What one position sees, a dimension of the image each; None where it sees everything, or nothing certain is known."""


class FieldTracker:
    """Receptive fields by tensor, relative to one image-like input ``(batch, channels, *sizes)``.

    Where paths meet, one position sees what both see. Layers that mix all positions (linear ones over positions, global
    pooling, attention, statistics of one image as in group normalisation) end the tracking: their outputs see
    everything. So does every operator that :mod:`burnish.models.field_rules` does not know.
    """

    def __init__(self) -> None:
        self._layouts: Any = WeakTensorKeyDictionary()

    def start(self, tensor: Tensor, is_image: bool = True) -> None:
        """Call ``tensor`` an input, by whose positions the fields are told if it is an image."""
        self._layouts[tensor] = image_layout(tensor.shape) if is_image else None

    def depends(self, tensor: Tensor) -> bool:
        """Whether the tensor was made from the input."""
        return tensor in self._layouts

    def of(self, tensor: Tensor) -> Fields:
        """The fields of a tensor, if it has any."""
        layout = self._layouts.get(tensor)
        if layout is None or any(len(axes) > 1 and not all(axis.reach for axis in axes) for axes in layout):
            return None  # positions and channels in one dimension are no map any more
        found = [axis.reach for axes in layout for axis in axes if axis.reach is not None]
        return tuple(sorted(found, key=lambda reach: reach.axis)) or None

    def follow(
        self,
        operation: Any,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        inputs: list[Tensor],
        outputs: list[Tensor],
    ) -> None:
        """Take note of one operator of torch that has run.

        Args:
            operation: its overload.
            args: what it was called with.
            kwargs: what it was called with by name.
            inputs: the tensors among its arguments.
            outputs: the tensors that it returned.
        """
        if operation.overloadpacket in CONSTANTS or not any(map(self.depends, inputs)):
            return
        found: Layout | None = None
        if all(self._layouts.get(value, ()) is not None for value in inputs):
            try:
                found = layout_after(operation, args, kwargs, outputs, self._layouts.get)
            except (IndexError, TypeError, ValueError):  # called in a spelling that the rule does not know
                found = None
        changed = operation._schema.is_mutable and any(output is value for output in outputs for value in inputs)
        for output in outputs:
            layout = _fitted(found, output.shape)
            if changed:
                self._overwrite(output, layout)
            self._layouts[output] = layout

    def _overwrite(self, tensor: Tensor, layout: Layout | None) -> None:
        """Other tensors in the same memory see what was written there, too."""
        known = tensor in self._layouts
        if known and layout is not None and joined([self._layouts[tensor], layout]) == self._layouts[tensor]:
            return
        memory = tensor.untyped_storage()._cdata
        for other in list(self._layouts):
            if other is not tensor and other.untyped_storage()._cdata == memory:
                self._layouts[other] = None
        if tensor._base is not None:
            self._layouts[tensor._base] = None


def _fitted(layout: Layout | None, shape: Sequence[int]) -> Layout | None:
    """The layout of the first output, for another of several: they may differ along dimensions without positions."""
    if layout is None or len(layout) != len(shape):
        return None
    result = []
    for axes, size in zip(layout, shape, strict=True):
        if math.prod(axis.size for axis in axes) == size:
            result.append(axes)
        elif is_plain(axes):
            result.append(plain(size))
        else:
            return None
    return tuple(result)
