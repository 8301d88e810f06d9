"""Run a forward so that every operator shows, in the same way whatever the sizes are."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from burnish.common.visible_attention import visible_attention


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
        self._stack.enter_context(visible_attention())
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
