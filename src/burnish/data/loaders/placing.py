"""Getting a batch to where it is used."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from burnish.data.batch import map_tensors


def place(nested: Any, device: torch.device) -> Any:
    """The same nested tensors on a device.

    Copies to a GPU leave from pinned memory, so that this process goes on while they are under way; the work that uses
    them waits on the device.

    >>> place({"a": torch.zeros(1)}, torch.device("cpu"))
    {'a': tensor([0.])}
    """
    if device.type == "cpu":
        return nested

    def move(tensor: Tensor) -> Tensor:
        if device.type == "cuda" and tensor.device.type == "cpu" and not tensor.is_pinned():
            tensor = tensor.pin_memory()
        return tensor.to(device, non_blocking=True)

    return map_tensors(move, nested)


def to_channels_last(tensor: Tensor) -> Tensor:
    """Float images ``(batch, C, H, W)`` in channels-last memory; anything else as it is."""
    if tensor.ndim == 4 and tensor.is_floating_point():
        return tensor.contiguous(memory_format=torch.channels_last)
    return tensor
