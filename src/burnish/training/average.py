"""An exponential moving average of the weights, and a way to try it on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError


class WeightAverage:
    """Exponentially weighted average of the parameters of a module.

    Source: Polyak and Juditsky 1992 for averaging; Tan and Le 2019, "EfficientNet", arXiv:1905.11946, for its use here.
    The decay of update t (from 0) is ``min(decay, (1 + t) / (10 + t))``, TensorFlow's rule for ``num_updates``, so that
    the random initial weights are soon forgotten. Buffers (running statistics of batch norm) are averages already: the
    averaged model uses the module's own.

    Args:
        module: what to average; its present weights are the first value.
        decay: share of the old average that an update keeps, in [0, 1); 0.999 is usual.

    Raises:
        InputError: ``decay`` lies outside [0, 1).

    >>> layer = nn.Linear(1, 1, bias=False)
    >>> average = WeightAverage(layer, decay=0.999)
    >>> _ = nn.init.constant_(layer.weight, 2.0)
    >>> for _ in range(200):
    ...     average.update(layer)
    >>> with average.swapped(layer):
    ...     round(layer.weight.item(), 4)
    2.0
    """

    def __init__(self, module: nn.Module, decay: float = 0.999) -> None:
        if not 0 <= decay < 1:
            raise InputError(
                f"ema must lie in [0, 1), got {decay}: it is the share of the average that an update keeps"
            )
        self.decay = decay
        self.updates = 0
        self._module = module
        self._names = [name for name, _ in module.named_parameters()]
        self._live: list[Tensor] = list(module.parameters())
        self._average = [parameter.detach().clone() for parameter in self._live]

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Move the average towards the present weights of the module."""
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        torch._foreach_lerp_(self._average, self._weights(module), 1 - decay)
        self.updates += 1

    @contextmanager
    def swapped(self, module: nn.Module) -> Iterator[None]:
        """Inside, the module holds the averaged weights; afterwards its own weights and buffers, bit for bit."""
        with torch.no_grad():
            weights, buffers = self._weights(module), list(module.buffers())
            kept = [tensor.detach().clone() for tensor in (*weights, *buffers)]
            _copy(weights, self._average)
        try:
            yield
        finally:
            with torch.no_grad():
                _copy([*weights, *buffers], kept)

    @torch.no_grad()
    def copy_to(self, module: nn.Module) -> None:
        """Give the averaged weights to the module for good."""
        _copy(self._weights(module), self._average)

    def state_dict(self) -> dict[str, Any]:
        """The averaged weights by name and the number of updates; the tensors are not copied."""
        return {"updates": self.updates, "weights": dict(zip(self._names, self._average, strict=True))}

    @torch.no_grad()
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Put back what :meth:`state_dict` gave.

        Raises:
            InputError: the weights have other names or shapes than the module's.
        """
        saved: dict[str, Tensor] = state["weights"]
        strangers = sorted(set(saved) ^ set(self._names))
        if strangers:
            raise InputError(f"the saved average does not fit this model: '{strangers[0]}' is in only one of them")
        for name, mine in zip(self._names, self._average, strict=True):
            if saved[name].shape != mine.shape:
                raise InputError(
                    f"the saved average does not fit this model: '{name}' has shape {tuple(mine.shape)} here and "
                    f"{tuple(saved[name].shape)} there"
                )
            mine.copy_(saved[name])
        self.updates = int(state["updates"])

    def _weights(self, module: nn.Module) -> list[Tensor]:
        # Walking the module tree costs more than the average of a small model.
        return self._live if module is self._module else list(module.parameters())


def _copy(targets: list[Tensor], sources: list[Tensor]) -> None:
    for target, source in zip(targets, sources, strict=True):  # the multi-tensor form does not take shards
        target.copy_(source)
