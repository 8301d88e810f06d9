"""Write down every operator of a forward, with its channels, its module and its line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase

from burnish.pruning.graph.atoms import Dim
from burnish.pruning.graph.following.record import Attribute, Record
from burnish.pruning.graph.following.source import source_line
from burnish.pruning.graph.following.tracker import Tracker, tensors_of
from burnish.pruning.graph.following.watch import Watch, executed

_SIZES = {"view", "_unsafe_view", "expand", "constant_pad_nd", "slice", "split", "split_with_sizes", "zeros", "ones"}
_SIZES |= {"new_zeros", "new_ones", "full", "empty", "new_full", "unsafe_split", "repeat"}


class Recorder(Watch):
    """A context that follows channels through everything that runs.

    Args:
        model: the module whose forward is recorded.
        tracker: what follows the channels.

    Attributes:
        records: every operator, in order.
        attributes: numbers of modules that count channels, as the rules of the operators know them.
        guesses: numbers that are equal to a count of channels, and may be meant so.
        problems: why channels were fixed, each with its record's place and the weights whose channels they were.
    """

    def __init__(self, model: nn.Module, tracker: Tracker) -> None:
        super().__init__(model)
        self.tracker = tracker
        self.records: list[Record] = []
        self.attributes: dict[tuple[str, str, int | None], Attribute] = {}
        self.guesses: list[Attribute] = []
        self.problems: list[tuple[str, int, set[tuple[str, int]]]] = []
        self._modules = dict(model.named_modules())
        self._numbers: dict[str, dict[int, list[tuple[str, int | None]]]] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        output = executed(func, args, kwargs)
        inputs = tensors_of([*args, *kwargs.values()])
        before = tuple(self.tracker.of(tensor) for tensor in inputs)
        call = self.tracker.follow(func, args, kwargs, output)
        self.records.append(
            Record(
                func,
                tuple(self.running),
                source_line(),
                before,
                tuple(self.tracker.of(tensor) for tensor in call.outputs),
                tuple(tuple(tensor.shape) for tensor in call.outputs),
                numbers_of(func, args, kwargs),
                tuple(call.expected),
            )
        )
        if call.problem:
            self.problems.append((call.problem, len(self.records) - 1, call.refused))
        if self.running:
            self._note(call.attributes)
            if func.overloadpacket.__name__ in _SIZES:
                self._guess([dim for labels in self.records[-1].outputs for dim in labels], self.running)
                self._guess([dim for _, _, dim in (*call.expected, *call.attributes)], self.running)
        return output

    def _entered(self, args: Any) -> None:
        found = [self.tracker.of(tensor) for tensor in tensors_of(args)]
        self._guess([dim for labels in found for dim in labels], self.running[-1:])
        if isinstance(self._modules[self.running[-1]], _NormBase) and found and len(found[0]) > 1:
            # Without weights of its own, instance normalisation shows its operator samples and channels as one.
            self._note([("num_features", None, found[0][1])])

    def _note(self, attributes: Sequence[tuple[str, int | None, Dim]]) -> None:
        name = self.running[-1]
        for attribute, place, channels in attributes:
            value = getattr(self._modules[name], attribute, None) if attribute else None
            value = value[place] if place is not None and value is not None else value
            if channels is not None and value == channels.shape[1]:
                key = (name, attribute, place)
                self.attributes.setdefault(key, Attribute(name, attribute, place, channels))

    def _guess(self, dims: Sequence[Dim], modules: Sequence[str]) -> None:
        for dim in dims:
            if dim is None:
                continue
            for name in modules:
                for attribute, place in self._named(name).get(dim.shape[1], ()):
                    self.guesses.append(Attribute(name, attribute, place, dim))

    def _named(self, name: str) -> dict[int, list[tuple[str, int | None]]]:
        """Whole numbers that a module holds, by value."""
        if name not in self._numbers:
            found: dict[int, list[tuple[str, int | None]]] = {}
            for attribute, value in vars(self._modules[name]).items():
                if attribute.startswith("_"):
                    continue
                if type(value) is int:
                    found.setdefault(value, []).append((attribute, None))
                elif isinstance(value, tuple | list):
                    for place, number in enumerate(value):
                        if type(number) is int:
                            found.setdefault(number, []).append((attribute, place))
            self._numbers[name] = found
        return self._numbers[name]


def numbers_of(func: Any, args: Any, kwargs: dict[str, Any]) -> tuple[float, ...]:
    """Arguments that are values, not sizes: a scale that comes from a number of channels shows here."""
    kinds = (float, int) if torch.Tag.pointwise in func.tags else (float,)
    return tuple(value for value in (*args, *kwargs.values()) if type(value) in kinds)


def tensors_in(nest: Any) -> list[Tensor]:
    """Every tensor of a model's inputs or outputs; those of other classes are found by their fields."""
    found, waiting = [], [nest]
    while waiting:
        value = waiting.pop(0)
        if isinstance(value, Tensor):
            found.append(value)
        elif isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list | tuple | set):
            waiting.extend(value)
        elif hasattr(value, "__dict__") and not isinstance(value, type | nn.Module):
            waiting.extend(vars(value).values())
    return found
