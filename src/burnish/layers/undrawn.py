"""Layers without their first draw of weights, for models that draw their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import nn

ModuleT = TypeVar("ModuleT", bound=nn.Module)


def undrawn(layer: Callable[..., ModuleT], *arguments: Any, **options: Any) -> ModuleT:
    """A layer whose parameters hold whatever lay in memory; the caller must fill every one of them.

    Drawing the 143 million weights of a VGG twice, once by torch and once by its own rule, takes most of the time of
    building it. It costs about a millisecond a layer, so it pays for few large layers, not for many small ones.

    Args:
        layer: a class of module.
        arguments: of its constructor.
        options: of its constructor.

    >>> undrawn(nn.Linear, 2, 3).weight.shape
    torch.Size([3, 2])
    """
    device = torch.get_default_device()
    with torch.device("meta"):
        built = layer(*arguments, **options)
    return built.to_empty(device=device)
