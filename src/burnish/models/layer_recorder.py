"""Record what every layer does while a model runs."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.utils.rnn import PackedSequence
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from burnish.models.field_tracker import Fields, FieldTracker


@dataclass
class Record:
    """What a layer did so far."""

    shape: tuple[int, ...] | None = None
    macs: int = 0
    activation_bytes: int = 0
    fields: Fields = None
    calls: int = 0


class LayerRecorder(TorchDispatchMode):
    """A context in which every forward of ``model`` is written down, in :attr:`records`, by the name of the layer.

    Operators of torch are counted as they run and put down to the innermost layer that is running. Attention is kept
    from its fused kernels meanwhile, so that its products show.

    Args:
        model: the module whose layers are watched.
        fields: receptive fields, already started at the input.
    """

    def __init__(self, model: nn.Module, fields: FieldTracker) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.model = model
        self.fields = fields
        self.records: dict[str, Record] = {}
        self.running: list[str] = []
        self.received: dict[str, str] = {}
        self._recurrent = 0
        self._stack = ExitStack()

    def __enter__(self) -> LayerRecorder:
        for name, module in self.model.named_modules():
            before = module.register_forward_pre_hook(self._enter_layer(name), with_kwargs=True)
            after = module.register_forward_hook(self._leave_layer(name))
            self._stack.callback(before.remove)
            self._stack.callback(after.remove)
        fast = torch.backends.mha.get_fastpath_enabled()
        torch.backends.mha.set_fastpath_enabled(False)
        self._stack.callback(torch.backends.mha.set_fastpath_enabled, fast)
        self._stack.enter_context(sdpa_kernel(SDPBackend.MATH))
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *exception: Any) -> None:
        super().__exit__(*exception)  # type: ignore[no-untyped-call]
        self._stack.close()

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        output = func(*args, **(kwargs or {}))
        formula = flop_registry.get(func.overloadpacket)
        if formula is not None and self.running and not self._recurrent:
            self.records[self.running[-1]].macs += formula(*args, **(kwargs or {}), out_val=output) // 2
        self.fields.follow(func.overloadpacket, args, _tensors(output))
        return output

    def _enter_layer(self, name: str) -> Any:
        def enter(module: nn.Module, args: Any, kwargs: Any) -> None:
            self.records.setdefault(name, Record()).calls += 1
            self.running.append(name)
            self.received[name] = ", ".join(_describe(value) for value in (*args, *kwargs.values())) or "nothing"
            if isinstance(module, nn.RNNBase):
                self._recurrent += 1
                self.records[name].macs += _recurrent_macs(module, args[0] if args else kwargs["input"])

        return enter

    def _leave_layer(self, name: str) -> Any:
        def leave(module: nn.Module, args: Any, output: Any) -> None:
            if isinstance(module, nn.RNNBase):
                self._recurrent -= 1
            while self.running.pop() != name:  # a forward that catches errors of its layers leaves them behind
                pass
            record = self.records[name]
            tensors = _tensors(output)
            if tensors:
                record.shape = tuple(tensors[0].shape)
                record.fields = self.fields.of(tensors[0])
            known = {tensor.untyped_storage()._cdata for tensor in _tensors(args)}
            fresh = [tensor for tensor in tensors if tensor.untyped_storage()._cdata not in known]
            record.activation_bytes += sum(tensor.nbytes for tensor in fresh)

        return leave


def _recurrent_macs(module: nn.RNNBase, inputs: Any) -> int:
    """Every weight matrix of a recurrent layer is used once a symbol."""
    data = inputs.data if isinstance(inputs, PackedSequence) else inputs
    symbols = data.shape[:-1].numel()
    return symbols * sum(parameter.numel() for parameter in module.parameters() if parameter.ndim == 2)


def _tensors(nest: Any) -> list[Tensor]:
    return [leaf for leaf in torch.utils._pytree.tree_leaves(nest) if isinstance(leaf, Tensor)]


def _describe(value: Any) -> str:
    if isinstance(value, Tensor):
        return f"{str(value.dtype).removeprefix('torch.')} {'x'.join(map(str, value.shape)) or 'scalar'}"
    return type(value).__name__
