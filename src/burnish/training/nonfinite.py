"""Where a NaN came from: the first layer whose output is not finite."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from burnish.common.module_state import preserved_mode
from burnish.common.seeding import preserved_rng
from burnish.data.batch import Batch, map_tensors


def locate_non_finite(module: nn.Module, forward: Callable[[], Any], batch: Batch, *, inputs_may_miss: bool) -> str:
    """Say in a few words where NaN or Inf first appears: the batch, the weights, a layer, or the loss itself.

    The forward pass is run once more; buffers, modes and random generators are afterwards as they were.

    Args:
        module: the model, in the mode it was training in.
        forward: runs the forward pass on the batch.
        batch: the batch whose loss was not finite.
        inputs_may_miss: NaN stands for a missing value in this kind of data, so it is not a fault of the batch.

    >>> layer = nn.Linear(1, 1)
    >>> bad = Batch(torch.tensor([[0.0], [torch.nan]]), torch.zeros(2), torch.tensor([7, 9]))
    >>> locate_non_finite(layer, lambda: layer(bad.inputs), bad, inputs_may_miss=False)
    'the inputs already hold NaN or Inf (sample 9)'
    """
    for what, values, may_miss in (
        ("inputs already hold", batch.inputs, inputs_may_miss),
        ("targets hold", batch.targets, False),
    ):
        if not may_miss and not _is_finite(values):
            return f"the {what} NaN or Inf ({_samples(values, batch)})"
    for name, parameter in module.named_parameters():
        if not torch.isfinite(parameter).all():
            return f"the weights '{name}' are not finite since the update before"
    for name, buffer in module.named_buffers():
        if buffer.is_floating_point() and buffer.isnan().any():  # -inf is at home in attention masks
            return f"the buffer '{name}' holds NaN"
    found = _first_bad_layer(module, forward)
    return f"it first appears {found}" if found else "the outputs are finite, the loss is not"


def _first_bad_layer(module: nn.Module, forward: Callable[[], Any]) -> str | None:
    """Follow a forward pass. A layer that got bad inputs is not to blame, but the code of the module around it."""
    found: list[str] = []
    running: list[str] = []

    def enter(name: str, child: nn.Module, inputs: Any) -> None:
        if not found and running and not _is_finite(inputs):
            found.append(f"in the code of {running[-1]}, before {_called(name, child)}")
        running.append(_called(name, child))

    def leave(name: str, child: nn.Module, output: Any) -> None:
        running.pop()
        if not found and not _is_finite(output):
            found.append(f"in the output of {_called(name, child)}")

    hooks = []
    for name, child in module.named_modules():
        hooks += [
            child.register_forward_pre_hook(lambda child, inputs, name=name: enter(name, child, inputs)),
            child.register_forward_hook(lambda child, _inputs, output, name=name: leave(name, child, output)),
        ]
    buffers = [(buffer, buffer.clone()) for buffer in module.buffers()]
    try:
        with preserved_rng(), preserved_mode(module), torch.no_grad():
            forward()
    finally:
        for hook in hooks:
            hook.remove()
        with torch.no_grad():
            for buffer, before in buffers:
                buffer.copy_(before)
    return found[0] if found else None


def _called(name: str, module: nn.Module) -> str:
    return f"layer '{name}' ({type(module).__name__})" if name else f"the model ({type(module).__name__})"


def _is_finite(nested: Any) -> bool:
    found = True

    def look(tensor: Tensor) -> Tensor:
        nonlocal found
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            found = False
        return tensor

    map_tensors(look, nested)
    return found


def _samples(nested: Any, batch: Batch) -> str:
    bad = torch.zeros(len(batch), dtype=torch.bool)

    def look(tensor: Tensor) -> Tensor:
        if tensor.is_floating_point():
            bad.logical_or_(~torch.isfinite(tensor).reshape(len(tensor), -1).all(dim=1).cpu())
        return tensor

    map_tensors(look, nested)
    numbers = batch.index.cpu()[bad].tolist()
    shown = ", ".join(map(str, numbers[:5])) + (f" and {len(numbers) - 5} more" if len(numbers) > 5 else "")
    return f"sample{'s' * (len(numbers) > 1)} {shown}"
