"""Leave a model as it was found: mode of every submodule, ``requires_grad``, ``.grad``, buffers, generators."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import nn

from burnish.common.seeding import preserved_rng


@contextmanager
def preserved_mode(model: nn.Module, training: bool | None = None) -> Iterator[None]:
    """Keep the training flag of every submodule, frozen ones included.

    Args:
        model: any module.
        training: when given, the whole model is put into this mode inside.

    >>> model = nn.Sequential(nn.Dropout().eval(), nn.Linear(1, 1))
    >>> with preserved_mode(model, training=True):
    ...     model[0].training
    True
    >>> model[0].training, model[1].training
    (False, True)
    """
    modes = [(module, module.training) for module in model.modules()]
    try:
        if training is not None:
            model.train(training)
        yield
    finally:
        for module, mode in modes:
            module.training = mode


@contextmanager
def preserved_gradients(model: nn.Module) -> Iterator[None]:
    """Keep ``requires_grad`` and ``.grad`` of every parameter; inside, ``.grad`` starts as None.

    >>> layer = nn.Linear(1, 1)
    >>> with preserved_gradients(layer):
    ...     layer(torch.ones(1, 1)).sum().backward()
    >>> layer.weight.grad is None
    True
    """
    kept = [(parameter, parameter.requires_grad, parameter.grad) for parameter in model.parameters()]
    try:
        for parameter, _, _ in kept:
            parameter.grad = None
        yield
    finally:
        for parameter, wanted, gradient in kept:
            parameter.requires_grad_(wanted)
            parameter.grad = gradient


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode without gradients, then everything as before."""
    with preserved_mode(model, training=False), torch.no_grad():
        yield


@contextmanager
def preserved_buffers(model: nn.Module) -> Iterator[None]:
    """Keep the values of every buffer, such as the running statistics of a BatchNorm in training mode.

    >>> norm = nn.BatchNorm1d(1)
    >>> with preserved_buffers(norm):
    ...     _ = norm(torch.ones(2, 1))
    >>> norm.num_batches_tracked.item()
    0
    """
    kept = [(buffer, buffer.clone()) for buffer in model.buffers()]
    try:
        yield
    finally:
        with torch.no_grad():
            for buffer, before in kept:
                buffer.copy_(before)


@contextmanager
def untouched(model: nn.Module) -> Iterator[None]:
    """Leave modes, ``requires_grad``, ``.grad``, buffers and every global generator as they are, whatever happens.

    >>> layer = nn.Sequential(nn.BatchNorm1d(1), nn.Dropout())
    >>> state = torch.get_rng_state()
    >>> with untouched(layer):
    ...     layer(torch.ones(2, 1)).sum().backward()
    >>> layer[0].running_mean.item(), layer[0].weight.grad, torch.get_rng_state().equal(state)
    (0.0, None, True)
    """
    with ExitStack() as stack:
        stack.enter_context(preserved_rng())
        stack.enter_context(preserved_mode(model))
        stack.enter_context(preserved_gradients(model))
        stack.enter_context(preserved_buffers(model))
        yield
