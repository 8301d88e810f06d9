"""Record what every layer does while a model runs."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.utils.rnn import PackedSequence
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from burnish.common.visible_attention import visible_attention
from burnish.models.field_tracker import Fields, FieldTracker

_aten = torch.ops.aten
_JOINS = {
    **dict.fromkeys((_aten.add, _aten.add_, _aten.addcmul, _aten.addcmul_), "sum"),
    **dict.fromkeys((_aten.mul, _aten.mul_), "product"),
    _aten.cat: "concatenation",
}


@dataclass
class Record:
    """What a layer did so far.

    Attributes:
        received: shape of its first input in the last call.
        shape: shape of its first output in the last call.
        macs: multiply-adds outside of its own layers.
        activation_bytes: memory of what it returned.
        fields: receptive field of its first output.
        calls: how often it ran.
        joins: how it brings paths from the input together again, outside of its own layers.
    """

    received: tuple[int, ...] | None = None
    shape: tuple[int, ...] | None = None
    macs: int = 0
    activation_bytes: int = 0
    fields: Fields = None
    calls: int = 0
    joins: set[str] = field(default_factory=set)


class LayerRecorder(TorchDispatchMode):
    """A context in which every forward of ``model`` is written down, in :attr:`records`, by the name of the layer.

    Operators of torch are counted as they run and put down to the innermost layer that is running. Attention is kept
    from its fused kernels meanwhile, so that its products show.

    Args:
        model: the module whose layers are watched.
        fields: receptive fields, already started at the inputs.

    Attributes:
        records: what ran, by name, in the order in which it first ran.
        running: names of the layers that are running, the innermost last.
        received: what each layer was last called with, in words.
        used: parameters that an operator has read, by identity.
    """

    def __init__(self, model: nn.Module, fields: FieldTracker) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.model = model
        self.fields = fields
        self.records: dict[str, Record] = {}
        self.running: list[str] = []
        self.received: dict[str, str] = {}
        self.used: set[int] = set()
        self._recurrent = 0
        self._stack = ExitStack()

    def __enter__(self) -> LayerRecorder:
        for name, module in self.model.named_modules():
            before = module.register_forward_pre_hook(self._enter_layer(name), with_kwargs=True)
            after = module.register_forward_hook(self._leave_layer(name))
            self._stack.callback(before.remove)
            self._stack.callback(after.remove)
        self._stack.enter_context(visible_attention())
        self._stack.enter_context(sdpa_kernel(SDPBackend.MATH))
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *exception: Any) -> None:
        super().__exit__(*exception)  # type: ignore[no-untyped-call]
        self._stack.close()

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        output = _run(func, args, kwargs)
        inputs = _tensors((args, kwargs))
        self.used.update(id(tensor) for tensor in inputs if isinstance(tensor, nn.Parameter))
        if self.running:
            record = self.records[self.running[-1]]
            formula = flop_registry.get(func.overloadpacket)
            if formula is not None and not self._recurrent:
                record.macs += formula(*args, **kwargs, out_val=output) // 2
            join = _JOINS.get(func.overloadpacket)
            if join is not None and not self._recurrent and sum(map(self.fields.depends, inputs)) > 1:
                record.joins.add(join)
        self.fields.follow(func, args, kwargs, inputs, _tensors(output))
        return output

    def _enter_layer(self, name: str) -> Any:
        def enter(module: nn.Module, args: Any, kwargs: Any) -> None:
            record = self.records.setdefault(name, Record())
            record.calls += 1
            record.received = next((tuple(value.shape) for value in args if isinstance(value, Tensor)), None)
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


def _run(operation: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run an operator; batch normalisation without memory directly, which torch takes apart into a dozen slow steps."""
    if operation is _aten.native_batch_norm.default and args[0].is_meta and not args[5]:
        return torch.empty_like(args[0]), args[0].new_empty(0), args[0].new_empty(0)
    return operation(*args, **kwargs)


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
