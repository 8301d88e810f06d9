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
from burnish.models.field_tracker import Fields, FieldTracker
from burnish.models.layer_recorder import LayerRecorder, Record


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
        receptive_field: inputs that one output sees, along each dimension; None where it sees all, or is not defined.
        stride: inputs from one output to the next, along each dimension.
        calls: how often it ran.
    """

    name: str
    type: str
    output_shape: tuple[int, ...] | None
    parameters: int
    macs: int
    activation_bytes: int
    receptive_field: tuple[int, ...] | None
    stride: tuple[int, ...] | None
    calls: int


@dataclass(frozen=True)
class Counts:
    """What a model costs for one example: totals, and a row a layer in the order they ran."""

    parameters: int
    trainable: int
    macs: int
    parameter_bytes: int
    activation_bytes: int
    layers: tuple[LayerCount, ...]


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
    if len(leaves) == 1 and leaves[0].ndim >= has_sizes and leaves[0].is_floating_point():
        fields.start(leaves[0])
    recorder = LayerRecorder(model, fields)
    with preserved_rng(), evaluating(model), recorder:
        try:
            model(*arguments, **keywords)
        except Exception as error:
            raise _located(model, recorder, error) from error
    rows = _rows(model, recorder)
    parameters = list(model.parameters())
    return Counts(
        parameters=sum(parameter.numel() for parameter in parameters),
        trainable=sum(parameter.numel() for parameter in parameters if parameter.requires_grad),
        macs=sum(row.macs for row in rows),
        parameter_bytes=sum(parameter.nbytes for parameter in parameters),
        activation_bytes=sum(row.activation_bytes for row in rows),
        layers=rows,
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


def _rows(model: nn.Module, recorder: LayerRecorder) -> tuple[LayerCount, ...]:
    seen: set[nn.Parameter] = set()
    own: dict[str, int] = {}
    for name, module in model.named_modules():
        fresh = [p for p in module.parameters(recurse=False) if p not in seen]
        seen.update(fresh)
        own[name] = sum(parameter.numel() for parameter in fresh)
    idle = [name for name, parameters in own.items() if parameters and name not in recorder.records]
    modules = dict(model.named_modules())
    rows = []
    for name in (*recorder.records, *idle):
        record = recorder.records.get(name, Record())
        is_leaf = next(modules[name].children(), None) is None
        if is_leaf or own[name] or record.macs:
            size, stride = _sizes(record.fields)
            activation = record.activation_bytes if is_leaf or record.macs else 0
            kind = type(modules[name]).__name__
            rows.append(
                LayerCount(name, kind, record.shape, own[name], record.macs, activation, size, stride, record.calls)
            )
    return tuple(rows)


def _sizes(fields: Fields) -> tuple[tuple[int, ...] | None, tuple[int, ...] | None]:
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
