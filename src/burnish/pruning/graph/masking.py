"""The unpruned model with its removed channels silenced: what a pruned one must be equal to."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.pruning.graph.atoms import Dim
from burnish.pruning.graph.following.recorder import tensors_in
from burnish.pruning.graph.following.tracker import Tracker, tensors_of
from burnish.pruning.graph.following.watch import Watch
from burnish.pruning.graph.graph import Graph
from burnish.pruning.graph.group import Group
from burnish.pruning.graph.rules.call import Call

_aten = torch.ops.aten
_STATISTICS = {
    getattr(_aten, name)
    for name in [
        "mean",
        "var",
        "std",
        "var_mean",
        "std_mean",
        "amax",
        "amin",
        "max",
        "min",
        "prod",
        "logsumexp",
        "linalg_vector_norm",
        "norm",
        "_softmax",
        "_log_softmax",
        "_safe_softmax",
        "native_layer_norm",
        "native_group_norm",
        "_fused_rms_norm",
        "_weight_norm_interface",
    ]
    if hasattr(_aten, name)
}


class MaskedTwin(nn.Module):
    """A model whose removed channels are zero wherever they are read; made by :func:`masked_twin`."""

    def __init__(self, model: nn.Module, graph: Graph, removed: np.ndarray) -> None:
        super().__init__()
        self.model = model
        self._graph = graph
        self._removed = removed

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        masking = _Masking(self.model, self._graph, self._removed, tensors_in((args, kwargs)))
        with masking:
            output = self.model(*args, **kwargs)
        if not masking.kept_its_word():
            raise InputError("this forward needs a channel that the trace found removable: it took another way")
        return output


def masked_twin(model: nn.Module, graph: Graph, removals: Iterable[tuple[Group, Sequence[int]]]) -> MaskedTwin:
    """A copy of the unpruned model that gives what the pruned one gives, all shapes as they were.

    Weights are zero where they are cut, and after every operator of the forward the removed positions of its result are
    set to zero, so that nothing reads them, whatever bias, normalisation or activation lies before. Operators that take
    a statistic over channels (layer and group normalisation, mean, variance, maximum, norm, softmax) take it over those
    that stay: that is what the pruned model computes, and no zero in the unpruned one would give it. Equality holds to
    rounding in evaluation and in training mode, where nothing random depends on shapes. It checks; it has no gradients.

    Args:
        model: the unpruned model.
        graph: its graph.
        removals: as for :func:`burnish.pruning.graph.remove_all_`.

    >>> from burnish.pruning.graph.tracing import trace
    >>> net, x = nn.Sequential(nn.Linear(4, 8), nn.Sigmoid(), nn.Linear(8, 2)), torch.rand(3, 4)
    >>> graph = trace(net, x)
    >>> twin = masked_twin(net, graph, [(graph.groups()[0], [0, 5])])
    >>> from burnish.pruning.graph.surgery import remove_
    >>> _ = remove_(net, graph.groups()[0], [0, 5])
    >>> torch.allclose(twin(x), net(x), atol=1e-6)
    True
    """
    removed = np.zeros(graph.atoms.count, dtype=bool)
    for group, channels in removals:
        removed[group.atoms[list(channels)].numpy()] = True
    twin = copy.deepcopy(model)
    tensors = {**dict(twin.named_parameters()), **dict(twin.named_buffers())}
    with torch.no_grad():
        for name, labels in graph.weights.items():
            for dim, along in enumerate(labels):
                rows = graph.atoms.resolve(along)
                gone = np.zeros(0, dtype=np.int64) if rows is None else np.flatnonzero(removed[rows].any(axis=0))
                if gone.size:
                    tensors[name].index_fill_(dim, torch.from_numpy(gone), 0)
    return MaskedTwin(twin, graph, removed)


class _Masking(Watch):
    def __init__(self, model: nn.Module, graph: Graph, removed: np.ndarray, inputs: list[Tensor]) -> None:
        super().__init__(model)
        self.atoms = copy.deepcopy(graph.atoms)
        self.chosen = np.flatnonzero(removed)
        self.removed = removed
        named = {**dict(model.named_parameters()), **dict(model.named_buffers())}
        weights = {name: graph.weights.get(name, (None,) * tensor.ndim) for name, tensor in named.items()}
        self.tracker = Tracker(self.atoms, {id(tensor): name for name, tensor in named.items()}, weights)
        for tensor in inputs:
            self.tracker.start(tensor)

    def kept_its_word(self) -> bool:
        """Whether every removed channel is still free."""
        return bool((self.atoms.find(self.chosen) > 0).all())

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        output = func(*args, **kwargs)
        call = self.tracker.follow(func, args, kwargs, output)
        if func.overloadpacket in _STATISTICS:
            self._over_the_kept(call)
        if not any(result.alias_info is not None and not result.alias_info.is_write for result in func._schema.returns):
            for tensor in call.outputs:
                for dim, gone in enumerate(self._gone(tensor)):
                    if gone is not None:
                        tensor.index_fill_(dim, gone.nonzero().flatten(), 0)
        return output

    def _gone(self, tensor: Tensor) -> list[Tensor | None]:
        return [self._gone_along(dim) for dim in self.tracker.of(tensor)]

    def _gone_along(self, dim: Dim) -> Tensor | None:
        rows = self.atoms.resolve(dim)
        if rows is None:
            return None
        marks = np.zeros(self.atoms.count, dtype=bool)
        marks[self.atoms.find(self.chosen)] = True
        marks[0] = False
        gone = marks[rows].any(axis=0)
        return torch.from_numpy(gone) if gone.any() else None

    def _over_the_kept(self, call: Call) -> None:
        inputs = tensors_of(call.arguments.values())
        if not any(gone is not None for tensor in inputs for gone in self._gone(tensor)):
            return
        arguments = {name: self._kept(value) for name, value in call.arguments.items()}
        if "normalized_shape" in arguments:
            arguments["normalized_shape"] = arguments["input"].shape[-len(arguments["normalized_shape"]) :]
        if "group" in arguments:
            gone = self._gone(call["input"])[1]
            arguments["C"] = arguments["input"].shape[1]
            if gone is not None:
                arguments["group"] = int((~gone).view(call["group"], -1).any(dim=1).sum())
        positional = [
            arguments[argument.name] for argument in call.operation._schema.arguments if not argument.kwarg_only
        ]
        named = {
            argument.name: arguments[argument.name]
            for argument in call.operation._schema.arguments
            if argument.kwarg_only
        }
        for whole, part in zip(call.outputs, tensors_of([call.operation(*positional, **named)]), strict=True):
            kept = torch.zeros_like(whole, dtype=torch.bool) | True
            for dim, gone in enumerate(self._gone(whole)):
                if gone is not None:
                    kept.index_fill_(dim, gone.nonzero().flatten(), False)
            if int(kept.sum()) == part.numel():
                whole[kept] = part.flatten()

    def _kept(self, value: Any) -> Any:
        if not isinstance(value, Tensor):
            return value
        for dim, gone in enumerate(self._gone(value)):
            if gone is not None:
                value = value.index_select(dim, (~gone).nonzero().flatten())
        return value
