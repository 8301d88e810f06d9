"""Parameters, multiply-adds, memory and receptive field of any model, layer by layer."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.common.module_state import evaluating
from burnish.common.seeding import preserved_rng
from burnish.layers.conv_arithmetic import Window
from burnish.models.field_tracker import Fields, FieldTracker
from burnish.models.layer_recorder import LayerRecorder, Record
from burnish.models.layer_window import expected_sizes, windows_of


@dataclass(frozen=True)
class LayerCount:
    """One layer of a model.

    Attributes:
        name: its name in the model, as in ``named_modules``.
        type: its class.
        output_shape: shape of its (first) output of the last call, batch first; None where it did not run.
        parameters: numbers in its own parameters; those that an earlier layer shares count there.
        macs: multiply-adds of all its calls, over the whole batch of the example.
        activation_bytes: memory of what it returned; 0 where it changes its input in place or only looks at it anew.
        receptive_field: inputs that one output sees, along each dimension, borders left out of account; None where it
            sees all, or where nothing certain is known.
        stride: inputs from one output to the next, along each dimension; below 1 where the input was enlarged.
        calls: how often it ran.
        used: those of its parameters that the forward read, be it through another layer.
        window: kernel, stride, padding and dilation along each dimension, of a convolution or pooling.
        expected_size: height and width (or the like) of the output by (N + 2P - F)/S + 1; differs from what
            ``output_shape`` ends with where the layer does more than its window says.
        joins: how a container brings several paths from the input together: ``sum``, ``concatenation``, ``product``.
    """

    name: str
    type: str
    output_shape: tuple[int, ...] | None
    parameters: int
    macs: int
    activation_bytes: int
    receptive_field: tuple[int, ...] | None
    stride: tuple[float, ...] | None
    calls: int
    used: int = 0
    window: tuple[Window, ...] | None = None
    expected_size: tuple[int, ...] | None = None
    joins: tuple[str, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether the layer ran to the size that the arithmetic of its window gives; True where it has none."""
        if self.expected_size is None or self.output_shape is None:
            return True
        return self.output_shape[-len(self.expected_size) :] == self.expected_size


@dataclass(frozen=True)
class Counts:
    """What a model costs for one example: totals, and a row a layer in the order they ran.

    Attributes:
        parameters: all of them, each counted once.
        trainable: those that want a gradient.
        macs: multiply-adds of the whole batch.
        parameter_bytes: their memory.
        activation_bytes: memory of what all layers returned.
        layers: what computes or holds parameters of its own; their numbers add up to the totals.
        containers: every module with layers of its own, the model itself first; each one's numbers include all below.
        used: parameters that the forward read. Auxiliary classifiers, say, are left out by evaluation.
    """

    parameters: int
    trainable: int
    macs: int
    parameter_bytes: int
    activation_bytes: int
    layers: tuple[LayerCount, ...]
    containers: tuple[LayerCount, ...] = ()
    used: int = 0


def count(model: nn.Module, example: Any) -> Counts:
    """Count what one forward in evaluation mode needs.

    A MAC is one multiplication with its addition, half of what others print as FLOPs. Convolutions (plain, grouped,
    transposed), matrix products of any spelling (linear layers, attention, einsum) and recurrent layers count; nothing
    else does. The model is left as it was: mode, gradients, buffers and random state.

    Args:
        model: any module, on any device; on ``meta`` nothing is computed and nothing is stored.
        example: its input, a tensor or any nest of tensors. A tuple holds positional arguments; a dict whose keys are
            arguments of ``forward`` holds keyword arguments. Tensors are moved to the model's device.

    Raises:
        InputError: the forward fails; the message names the layer.

    >>> counts = count(nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU()), torch.zeros(1, 3, 8, 8))
    >>> counts.parameters, counts.macs, counts.layers[0].receptive_field
    (224, 7776, (3, 3))
    """
    arguments, keywords = call_arguments(model, example)
    fields = FieldTracker()
    leaves = [leaf for leaf in torch.utils._pytree.tree_leaves((arguments, keywords)) if isinstance(leaf, Tensor)]
    has_sizes = 3 if any(isinstance(module, nn.Conv1d) for module in model.modules()) else 4
    for leaf in leaves:
        fields.start(leaf, is_image=len(leaves) == 1 and leaf.ndim >= has_sizes and leaf.is_floating_point())
    recorder = LayerRecorder(model, fields)
    with preserved_rng(), evaluating(model), recorder:
        try:
            model(*arguments, **keywords)
        except Exception as error:
            raise _located(model, recorder, error) from error
    layers, containers = _rows(model, recorder)
    parameters = list(model.parameters())
    return Counts(
        parameters=sum(parameter.numel() for parameter in parameters),
        trainable=sum(parameter.numel() for parameter in parameters if parameter.requires_grad),
        macs=sum(row.macs for row in layers),
        parameter_bytes=sum(parameter.nbytes for parameter in parameters),
        activation_bytes=sum(row.activation_bytes for row in layers),
        layers=layers,
        containers=containers,
        used=sum(row.used for row in layers),
    )


def call_arguments(model: nn.Module, example: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Positional and keyword arguments that an example stands for, on the model's device."""
    weight = next((tensor for tensor in (*model.parameters(), *model.buffers())), None)
    if weight is not None:
        example = torch.utils._pytree.tree_map_only(Tensor, lambda tensor: tensor.to(weight.device), example)
    if isinstance(example, tuple):
        return example, {}
    if isinstance(example, dict) and set(example) <= set(inspect.signature(model.forward).parameters):
        return (), example
    return (example,), {}


def _rows(model: nn.Module, recorder: LayerRecorder) -> tuple[tuple[LayerCount, ...], tuple[LayerCount, ...]]:
    """What has numbers of its own, in the order it ran, and the sums of everything that has layers below it."""
    seen: set[nn.Parameter] = set()
    modules = dict(model.named_modules())
    own: dict[str, list[nn.Parameter]] = {}
    for name, module in modules.items():
        own[name] = [parameter for parameter in module.parameters(recurse=False) if parameter not in seen]
        seen.update(own[name])
    idle = [name for name, parameters in own.items() if parameters and name not in recorder.records]
    layers = []
    for name in (*recorder.records, *idle):
        record = recorder.records.get(name, Record())
        is_leaf = next(modules[name].children(), None) is None
        if is_leaf or own[name] or record.macs:
            layers.append(_row(name, modules[name], record, own[name], recorder.used, is_leaf))
    sums: dict[str, list[LayerCount]] = {}
    for row in layers:
        parts = row.name.split(".") if row.name else []
        for end in range(len(parts) + 1):
            sums.setdefault(".".join(parts[:end]), []).append(row)
    containers = [
        _container(name, module, recorder.records.get(name, Record()), sums.get(name, []))
        for name, module in modules.items()
        if next(module.children(), None) is not None
    ]
    return tuple(layers), tuple(containers)


def _row(
    name: str, module: nn.Module, record: Record, own: list[nn.Parameter], used: set[int], is_leaf: bool
) -> LayerCount:
    size, stride = _sizes(record.fields)
    return LayerCount(
        name=name,
        type=type(module).__name__,
        output_shape=record.shape,
        parameters=sum(parameter.numel() for parameter in own),
        macs=record.macs,
        activation_bytes=record.activation_bytes if is_leaf or record.macs else 0,
        receptive_field=size,
        stride=stride,
        calls=record.calls,
        used=sum(parameter.numel() for parameter in own if id(parameter) in used),
        window=windows_of(module),
        expected_size=None if record.received is None else expected_sizes(module, record.received),
        joins=tuple(sorted(record.joins)),
    )


def _container(name: str, module: nn.Module, record: Record, below: list[LayerCount]) -> LayerCount:
    size, stride = _sizes(record.fields)
    return LayerCount(
        name=name,
        type=type(module).__name__,
        output_shape=record.shape,
        parameters=sum(row.parameters for row in below),
        macs=sum(row.macs for row in below),
        activation_bytes=sum(row.activation_bytes for row in below),
        receptive_field=size,
        stride=stride,
        calls=record.calls,
        used=sum(row.used for row in below),
        joins=tuple(sorted(record.joins)),
    )


def _sizes(fields: Fields) -> tuple[tuple[int, ...] | None, tuple[float, ...] | None]:
    if fields is None:
        return None, None
    return tuple(field.size for field in fields), tuple(field.stride for field in fields)


def _located(model: nn.Module, recorder: LayerRecorder, error: Exception) -> InputError:
    name = recorder.running[-1] if recorder.running else ""
    layer = dict(model.named_modules())[name]
    place = f"in layer '{name}' ({type(layer).__name__})" if name else "outside of its layers"
    reason = " ".join(str(error).split()) or type(error).__name__
    received = recorder.received.get(name, "nothing")
    return InputError(
        f"the forward of {type(model).__name__} fails {place}, which received {received}: {reason}; "
        "check the shape and type of the input"
    )
