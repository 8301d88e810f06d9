"""What operators of torch do to the channels of their inputs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from burnish.pruning.graph.atoms import Dim
from burnish.pruning.graph.rules.call import Call
from burnish.pruning.graph.rules.joining import JOINING
from burnish.pruning.graph.rules.layers import LAYERS
from burnish.pruning.graph.rules.naming import Rule, by_operator
from burnish.pruning.graph.rules.reshaping import Labels, reshaped
from burnish.pruning.graph.rules.spatial import SPATIAL


def labels_after(call: Call) -> list[Labels]:
    """The channels of an operator's outputs; what its rule learns goes into ``call``.

    An operator without a rule fixes every channel that comes into it, and says so in :attr:`Call.problem`.
    """
    rule = _RULES.get(call.operation.overloadpacket)
    if rule is None and torch.Tag.pointwise in call.operation.tags:
        rule = pointwise
    found = list((rule or _unknown)(call))
    fitted = []
    for place, output in enumerate(call.outputs):
        labels = found[min(place, len(found) - 1)] if found else ()
        if len(labels) != output.ndim or any(
            dim is not None and dim.shape[1] != size for dim, size in zip(labels, output.shape, strict=True)
        ):
            labels = (None,) * output.ndim
        for dim, size in zip(labels, output.shape, strict=True):
            if size == 1:
                call.atoms.fix(dim)  # a single channel is broadcast like none
        fitted.append(tuple(None if size == 1 else dim for dim, size in zip(labels, output.shape, strict=True)))
    return fitted


def pointwise(call: Call) -> Sequence[Labels]:
    """Every tensor lines up with the output, broadcast from the right."""
    shape = call.outputs[0].shape
    result: list[Dim | bool] = [False] * len(shape)
    for value in _tensors(call.arguments.values()):
        for place, (dim, size) in enumerate(zip(reversed(call.of(value)), reversed(value.shape), strict=True), start=1):
            if size == 1:
                call.atoms.fix(dim)
            elif result[-place] is False:
                result[-place] = dim
            else:
                call.atoms.unite(result[-place], dim)  # type: ignore[arg-type]
                result[-place] = None if dim is None else result[-place]
    return [tuple(None if dim is False else dim for dim in result)]  # type: ignore[misc]


def _tensors(values: Any) -> list[Tensor]:
    found = []
    for value in values:
        if isinstance(value, Tensor):
            found.append(value)
        elif isinstance(value, list | tuple):
            found.extend(item for item in value if isinstance(item, Tensor))
    return found


def _unknown(call: Call) -> Sequence[Labels]:
    inputs = _tensors(call.arguments.values())
    call.refuse(f"{call.operation} has no rule", *(dim for value in inputs for dim in call.of(value)))
    return []


def _same(call: Call) -> Sequence[Labels]:
    return [call.of(_tensors(call.arguments.values())[0])]


def _view(call: Call) -> Sequence[Labels]:
    value = call.tensor("self", "input")
    if value.numel() != call.outputs[0].numel():
        return _unknown(call)
    labels, shape = call.of(value), call.outputs[0].shape
    for dim, size in zip(labels, value.shape, strict=True):
        if size not in shape and _is_one_channel(call.atoms.resolve(dim)):
            # Shuffles and halves in turns tie every channel to every other.
            call.refuse("they are tied to each other, and could only go all at once", dim)
    return [reshaped(call.atoms, labels, value.shape, shape)]


def _is_one_channel(dim: Dim) -> bool:
    return dim is not None and dim.shape[1] > 1 and bool((dim == dim[:, :1]).all())


def _restrided(call: Call) -> Sequence[Labels]:
    """Pooling to one position writes new strides where nothing moves: into dimensions of size 1."""
    labels, sizes = call.labels("self"), call["size"]
    dense = [math.prod(sizes[place + 1 :]) for place in range(len(sizes))]
    fits = len(labels) == len(sizes) and all(
        (size == 1 or stride == wanted) and (dim is None or dim.shape[1] == size)
        for dim, size, stride, wanted in zip(labels, sizes, call["stride"], dense, strict=True)
    )
    return [labels] if fits else _unknown(call)


def _permute(call: Call) -> Sequence[Labels]:
    labels = call.labels("self")
    return [tuple(labels[dim] for dim in call["dims"])]


def _transpose(call: Call) -> Sequence[Labels]:
    labels = list(call.labels("self"))
    if len(labels) > 1:
        first, second = call.arguments.get("dim0", 0), call.arguments.get("dim1", 1)
        labels[first], labels[second] = labels[second], labels[first]
    return [tuple(labels)]


def _expand(call: Call) -> Sequence[Labels]:
    value, to = call["self"], call.outputs[0].shape
    labels = call.labels("self")
    new = len(to) - len(labels)
    result: list[Dim] = [call.atoms.fresh(size) for size in to[:new]]
    for dim, size, wanted in zip(labels, value.shape, to[new:], strict=True):
        if size == wanted:
            result.append(dim)
        else:
            call.atoms.fix(dim)
            result.append(call.atoms.fresh(wanted))
    return [tuple(result)]


def _repeat(call: Call) -> Sequence[Labels]:
    times = list(call["repeats"])
    labels = call.labels("self")
    result: list[Dim] = [None] * (len(times) - len(labels))
    for dim, count, size in zip(labels, times[len(result) :], call["self"].shape, strict=True):
        if size == 1:
            call.atoms.fix(dim)
            result.append(call.atoms.fresh(count))
        else:
            result.append(None if dim is None else np.tile(dim, count))
    return [tuple(result)]


def _constant(call: Call) -> Sequence[Labels]:
    """A tensor of one number has no channel of its own: it follows whatever it meets."""
    like = call.arguments.get("self")
    if like is not None and tuple(like.shape) == tuple(call.outputs[0].shape):
        return [call.of(like)]
    return [tuple(call.atoms.fresh(size)[:] if size > 1 else None for size in call.outputs[0].shape)]


def _rigid(call: Call) -> Sequence[Labels]:
    return []


def _copy(call: Call) -> Sequence[Labels]:
    into, labels = call.labels("self"), call.labels("src")
    sizes = call["src"].shape
    for place, size in enumerate(reversed(sizes), start=1):
        if size == call["self"].shape[-place]:
            call.atoms.unite(into[-place], labels[-place])
        else:
            call.atoms.fix(labels[-place])
    return [into]


def _reduction(call: Call) -> Sequence[Labels]:
    value = call.tensor("self", "input", "x")
    labels = call.of(value)
    given = call.arguments.get("dim")
    if isinstance(call.arguments.get("other"), Tensor):
        return pointwise(call)
    if given is None or given == []:
        dims = set(range(value.ndim))
    else:
        dims = {dim % max(1, value.ndim) for dim in ([given] if isinstance(given, int) else given)}
    if len(call.outputs) > 1 and call.outputs[1].dtype == torch.int64:
        call.refuse("the position of the largest channel moves when others go", *(labels[dim] for dim in dims))
    if call.arguments.get("keepdim", False):
        return [tuple(None if place in dims else dim for place, dim in enumerate(labels))]
    return [tuple(dim for place, dim in enumerate(labels) if place not in dims)]


def _along(call: Call) -> Sequence[Labels]:
    """Shapes stay, and positions along some dimensions depend on their order."""
    labels = call.labels("self")
    dims = call.arguments.get("dims", call.arguments.get("dim", -1))
    for dim in [dims] if isinstance(dims, int) else dims or range(len(labels)):
        call.refuse(f"{call.operation} depends on the order of channels", labels[dim])
    return [labels]


def _softmax(call: Call) -> Sequence[Labels]:
    return [call.labels("self")]


_RULES: dict[Any, Rule] = {
    **by_operator(
        {
            pointwise: "hardswish hardswish_ _prelu_kernel masked_fill masked_fill_ where log_sigmoid_forward lerp "
            "rrelu_with_noise native_dropout addcmul addcdiv clamp clamp_min clamp_max fill_ zero_ bernoulli "
            "bernoulli_ uniform_ normal_ random_ exponential_ rsub remainder isfinite isnan nan_to_num",
            _same: "_to_copy detach alias lift_fresh lift lift_fresh_copy clone contiguous channel_shuffle_",
            _view: "view _unsafe_view reshape unsqueeze unsqueeze_ squeeze squeeze_ _reshape_alias",
            _restrided: "as_strided_",
            _permute: "permute",
            _transpose: "transpose transpose_ t t_",
            _expand: "expand",
            _repeat: "repeat",
            _constant: "zeros ones full empty scalar_tensor zeros_like ones_like full_like empty_like new_zeros "
            "new_ones new_full new_empty empty_strided new_empty_strided rand randn rand_like randn_like",
            _rigid: "arange linspace eye tril_indices triu_indices randint randperm _local_scalar_dense sym_size "
            "is_nonzero item equal",
            _copy: "copy_ copy",
            _reduction: "sum mean amax amin max min any all prod var std var_mean std_mean logsumexp "
            "linalg_vector_norm norm argmax argmin median count_nonzero nansum aminmax",
            _along: "cumsum cumprod sort topk flip roll tril triu cummax logcumsumexp tril_ triu_",
            _softmax: "_softmax _log_softmax _safe_softmax softmax log_softmax",
        }
    ),
    **LAYERS,
    **SPATIAL,
    **JOINING,
}
