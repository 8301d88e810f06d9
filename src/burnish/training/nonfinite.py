"""Where a NaN came from: the first layer whose output is not finite."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from burnish.common.module_state import preserved_mode
from burnish.data.batch import Batch, map_tensors


def _is_finite(nested: Any) -> bool:
    found = True

    def look(tensor: Tensor) -> Tensor:
        nonlocal found
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            found = False
        return tensor

    map_tensors(look, nested)
    return found


def locate_non_finite(module: nn.Module, forward: Callable[[], Any], batch: Batch, *, inputs_may_miss: bool) -> str:
    """Say in a few words where NaN or Inf first appears: the batch, the weights, a layer, or the loss itself.

    Args:
        module: the model, in the mode it was training in.
        forward: runs the forward pass on the batch.
        batch: the batch whose loss was not finite.
        inputs_may_miss: NaN stands for a missing value in this kind of data, so it is not a fault of the batch.
    """
    if not inputs_may_miss and not _is_finite(batch.inputs):
        return f"the inputs of the batch (samples {_numbers(batch)}) already hold NaN or Inf"
    if not _is_finite(batch.targets):
        return f"the targets of the batch (samples {_numbers(batch)}) hold NaN or Inf"
    for name, parameter in module.named_parameters():
        if not torch.isfinite(parameter).all():
            return f"the weights '{name}' are not finite since the update before"
    first: list[str] = []
    hooks = [
        child.register_forward_hook(
            lambda child, _inputs, output, name=name: (
                first.append(f"'{name}' ({type(child).__name__})") if not first and not _is_finite(output) else None
            )
        )
        for name, child in module.named_modules()
        if name and not any(child.children())
    ]
    buffers = {name: buffer.clone() for name, buffer in module.named_buffers()}
    try:
        with preserved_mode(module), torch.no_grad():
            forward()
    finally:
        for hook in hooks:
            hook.remove()
        with torch.no_grad():
            for name, buffer in module.named_buffers():
                buffer.copy_(buffers[name])
    return f"it first appears in the output of layer {first[0]}" if first else "the outputs are finite, the loss is not"


def _numbers(batch: Batch) -> str:
    shown = ", ".join(str(int(i)) for i in batch.index[:5])
    return shown + (", ..." if len(batch.index) > 5 else "")
