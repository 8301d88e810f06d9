"""Write down every operator of a forward, with its channels, its module and its line."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.modules.batchnorm import _NormBase
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from burnish.pruning.graph.atoms import Dim
from burnish.pruning.graph.reshaping import Labels
from burnish.pruning.graph.tracker import Tracker, tensors_of

_TORCH = os.path.dirname(torch.__file__) + os.sep
_HERE = os.path.dirname(__file__) + os.sep
_SIZES = {"view", "_unsafe_view", "expand", "constant_pad_nd", "slice", "split", "split_with_sizes", "zeros", "ones"}
_SIZES |= {"new_zeros", "new_ones", "full", "empty", "new_full", "unsafe_split", "repeat"}


@dataclass(frozen=True)
class Record:
    """One operator that ran.

    Attributes:
        operation: its overload.
        modules: names of the modules that were running, the innermost last.
        line: file and line of the user's code that called it.
        inputs: channels of its tensors.
        outputs: channels of what it returned.
        shapes: shapes of what it returned.
        numbers: those of its arguments that are values, not sizes.
        places: those of its arguments that move when channels go, with the channels before them.
    """

    operation: Any
    modules: tuple[str, ...]
    line: str
    inputs: tuple[Labels, ...]
    outputs: tuple[Labels, ...]
    shapes: tuple[tuple[int, ...], ...]
    numbers: tuple[float, ...]
    places: tuple[tuple[str, int | None, Dim], ...]


@dataclass(frozen=True)
class Attribute:
    """A plain number on a module that says how many channels there are.

    Attributes:
        module: its name.
        name: of the attribute.
        place: in a tuple, or None where it is a number.
        channels: those that it counts.
    """

    module: str
    name: str
    place: int | None
    channels: Dim


class Watch(TorchDispatchMode):
    """A context that knows which module of a model is running, and keeps attention from its fused kernels.

    Args:
        model: the module whose forward is watched.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.model = model
        self.running: list[str] = []
        self._stack = ExitStack()

    def __enter__(self) -> Any:
        for name, module in self.model.named_modules():
            before = module.register_forward_pre_hook(self._enter(name))
            after = module.register_forward_hook(self._leave(name))
            self._stack.callback(before.remove)
            self._stack.callback(after.remove)
        fast = torch.backends.mha.get_fastpath_enabled()
        torch.backends.mha.set_fastpath_enabled(False)
        self._stack.callback(torch.backends.mha.set_fastpath_enabled, fast)
        self._stack.enter_context(sdpa_kernel(SDPBackend.MATH))
        self._stack.enter_context(torch.no_grad())
        self._stack.enter_context(_without_mkldnn())
        self._stack.enter_context(_RowsOnly())
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *exception: Any) -> None:
        super().__exit__(*exception)  # type: ignore[no-untyped-call]
        self._stack.close()

    def _enter(self, name: str) -> Any:
        def enter(module: nn.Module, args: Any) -> None:
            self.running.append(name)
            self._entered(args)

        return enter

    def _entered(self, args: Any) -> None:
        """What else to do when a module begins."""

    def _leave(self, name: str) -> Any:
        def leave(module: nn.Module, args: Any, output: Any) -> None:
            while self.running.pop() != name:  # a forward that catches errors of its layers leaves them behind
                pass

        return leave


class _RowsOnly(TorchFunctionMode):
    """Linear layers as products of matrices, whichever way the strides of their input would have them."""

    def __torch_function__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is not F.linear or args[0].ndim < 3:
            return func(*args, **kwargs)
        rows, *others = args
        return func(rows.reshape(-1, rows.shape[-1]), *others, **kwargs).unflatten(0, rows.shape[:-1])


@contextmanager
def _without_mkldnn() -> Iterator[None]:
    """Keep recurrent layers on the CPU from a kernel that runs a whole layer as one operator."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about TF32, which the context manager of torch touches as well
        with torch.backends.mkldnn.flags(enabled=False):
            yield


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


def executed(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run an operator; normalisations without numbers directly, which torch takes apart into a dozen slow steps."""
    if func is torch.ops.aten.native_batch_norm.default and args[0].is_meta:
        value, *statistics = args[:5]
        channels = value.shape[1]
        for tensor in statistics:
            if tensor is not None and tensor.shape != (channels,):
                raise RuntimeError(f"{channels} channels meet a normalisation of {tensor.shape[0]}")
        return torch.empty_like(value), value.new_empty(channels), value.new_empty(channels)
    if func is torch.ops.aten.native_layer_norm.default and args[0].is_meta:
        value, sizes, *weights = args[:4]
        for tensor in weights:
            if tensor is not None and list(tensor.shape) != list(sizes):
                raise RuntimeError(f"a normalisation over {list(sizes)} has weights of {list(tensor.shape)}")
        if list(value.shape[-len(sizes) :]) != list(sizes):
            raise RuntimeError(f"a normalisation over {list(sizes)} meets an input of {list(value.shape)}")
        rows = value.new_empty((*value.shape[: -len(sizes)], *(1 for _ in sizes)))
        return torch.empty_like(value, memory_format=torch.contiguous_format), rows, rows.clone()
    return func(*args, **kwargs)


def source_line() -> str:
    """File and line of the innermost code that is neither torch's nor this package's."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith((_TORCH, _HERE)) and not file.startswith("<"):
            return f"{file}:{frame.f_lineno}"
        frame = frame.f_back
    return "unknown"


def raised_at(error: BaseException) -> str:
    """File and line of the user's code in which an exception came up."""
    found = "unknown"
    trace = error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if not file.startswith((_TORCH, _HERE)) and not file.startswith("<"):
            found = f"{file}:{trace.tb_lineno}"
        trace = trace.tb_next
    return found


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
