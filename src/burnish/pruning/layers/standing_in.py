"""Try a model without some of its blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from torch import nn

from burnish.pruning.layers.removing import PassThrough


@contextmanager
def passed_through(model: nn.Module, names: Iterable[str]) -> Iterator[None]:
    """Inside, the input of these modules passes them unchanged; afterwards they are back in their places.

    >>> import torch
    >>> net = nn.Sequential(nn.Linear(2, 2), nn.Flatten())
    >>> with passed_through(net, ["0"]):
    ...     net(torch.ones(1, 2))
    tensor([[1., 1.]])
    >>> type(net[0]).__name__
    'Linear'
    """
    gone = {id(model.get_submodule(name)) for name in names}
    places = [
        (module, name, child)
        for module in model.modules()
        for name, child in module._modules.items()
        if id(child) in gone
    ]
    try:
        for module, name, child in places:
            assert child is not None
            module._modules[name] = PassThrough().train(child.training)
        yield
    finally:
        for module, name, child in places:
            module._modules[name] = child
