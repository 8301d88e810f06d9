"""What convolutions, matrix products and normalisations do to channels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from burnish.pruning.graph.atoms import Dim
from burnish.pruning.graph.rules.call import Call
from burnish.pruning.graph.rules.naming import by_operator
from burnish.pruning.graph.rules.reshaping import Labels


def _convolution(call: Call) -> Sequence[Labels]:
    image, weight, bias = call["input"], call["weight"], call["bias"]
    at, before = image.ndim - weight.ndim + 1, call.labels("input")
    rows, columns, *taps = call.labels("weight")
    call.refuse("a window runs over them", *before[at + 1 :])
    call.fix(taps)
    groups, transposed = call["groups"], call["transposed"]
    entering, leaving = (rows, columns) if transposed else (columns, rows)
    if groups == 1:
        call.atoms.unite(before[at], entering)
        call.consumes(entering)
        call.makes(leaving)
        inputs, outputs = before[at], leaving
    else:
        inputs, outputs = _grouped(call, before[at], rows, columns, image.shape[at], call.outputs[0].shape[at])
    if bias is not None:
        call.atoms.unite(outputs, call.labels("bias")[0])
    call.attributes += [("in_channels", None, inputs), ("out_channels", None, outputs)]
    return [(*before[:at], outputs, *(None,) * (image.ndim - at - 1))]


_NARROW = 4
"""Groups of fewer channels go as a whole: too little of them would be left to choose from, or to compute with."""


def _grouped(call: Call, inputs: Dim, rows: Dim, columns: Dim, size_in: int, size_out: int) -> tuple[Dim, Dim]:
    """One channel of every group goes, which saves in both directions; where groups are narrow, whole groups."""
    groups, transposed, atoms = call["groups"], call["transposed"], call.atoms
    per_in, per_out = size_in // groups, size_out // groups
    if max(per_in, per_out) < _NARROW:
        group = atoms.fresh(groups)
        entering, leaving = np.repeat(group, per_in, axis=1), np.repeat(group, per_out, axis=1)
        atoms.unite(inputs, entering)
        atoms.unite(rows, entering if transposed else leaving)
        atoms.fix(columns)
        call.makes(rows)
        call.attributes.append(("groups", None, group))
        return entering, leaving
    within, out = atoms.fresh(per_in), atoms.fresh(per_out)
    entering, leaving = np.tile(within, groups), np.tile(out, groups)
    atoms.unite(inputs, entering)
    atoms.unite(rows, entering if transposed else leaving)
    atoms.unite(columns, out if transposed else within)
    call.consumes(rows if transposed else columns)
    call.makes(columns if transposed else rows)
    return entering, leaving


def _product(call: Call) -> Sequence[Labels]:
    names = [
        name
        for name in ("self", "mat1", "batch1", "mat2", "vec", "batch2", "tensor", "other")
        if name in call.arguments
    ]
    names = [name for name in names if not (name == "self" and len(names) > 2)]
    left, right = call[names[0]], call[names[1]]
    mine, theirs = call.of(left), call.of(right)
    inner = theirs[-2] if right.ndim > 1 else theirs[-1]
    call.atoms.unite(mine[-1], inner)
    if call.is_live(left) and call.is_live(right):
        # Attention scales by the width of its heads, which no shape tells: what two activations share stays whole.
        call.atoms.fix(mine[-1])
    else:
        call.consumes(inner if not call.is_live(right) else mine[-1])
        for dim in (() if call.is_live(left) else mine[:-1]) + (() if call.is_live(right) else theirs[-1:]):
            call.makes(dim)
    result: list[Dim] = list(mine[:-1])
    if len(result) > 1 and len(theirs) > 2:
        call.atoms.unite(mine[0], theirs[0])
        result[0] = None if theirs[0] is None else result[0]
    if right.ndim > 1:
        result.append(theirs[-1])
    if len(names) < len([name for name in call.arguments if isinstance(call[name], Tensor)]):
        added, labels = call["self"], call.labels("self")
        for place, (dim, size) in enumerate(zip(reversed(labels), reversed(added.shape), strict=True), start=1):
            if size > 1:
                call.atoms.unite(result[-place], dim)
    _linear_attributes(call, left, right, mine, theirs)
    return [tuple(result)]


def _linear_attributes(call: Call, left: Tensor, right: Tensor, mine: Labels, theirs: Labels) -> None:
    if not call.is_live(right) and right.ndim == 2:
        call.attributes += [("in_features", None, theirs[0]), ("out_features", None, theirs[1])]


def _trilinear(call: Call) -> Sequence[Labels]:
    """Three tensors multiplied, each spread over some dimensions, and summed over others."""
    spread = []
    for number in (1, 2, 3):
        labels = list(call.labels(f"i{number}"))
        for place in sorted(call[f"expand{number}"]):
            labels.insert(place, None)
        spread.append(labels)
    result: list[Dim] = []
    for place, dims in enumerate(zip(*spread, strict=True)):
        present = [dim for number, dim in enumerate(dims, start=1) if place not in call[f"expand{number}"]]
        for dim in present[1:]:
            call.atoms.unite(present[0], dim)
        is_summed = place in call["sumdim"]
        for number, dim in enumerate(dims, start=1):
            if dim is not None and not call.is_live(call[f"i{number}"]):
                (call.consumes if is_summed else call.makes)(dim)
        if not is_summed:
            result.append(present[0])
    return [tuple(result)]


def _batch_norm(call: Call) -> Sequence[Labels]:
    value = call.tensor("input", "self")
    labels = call.of(value)
    place = min(1, value.ndim - 1)
    call.refuse("a mean runs over them", *(dim for number, dim in enumerate(labels) if number != place))
    for name in ("weight", "bias", "running_mean", "running_var"):
        if isinstance(call.arguments.get(name), Tensor) and call[name].numel():
            call.atoms.unite(labels[place], call.labels(name)[0])
    call.attributes.append(("num_features", None, labels[place]))
    return [labels, (labels[place],), (labels[place],)]


def _layer_norm(call: Call) -> Sequence[Labels]:
    labels, count = call.labels("input"), len(call["normalized_shape"])
    for name in ("weight", "bias"):
        if isinstance(call.arguments.get(name), Tensor):
            for one, two in zip(labels[-count:], call.labels(name), strict=True):
                call.atoms.unite(one, two)
    call.attributes += [("normalized_shape", place, dim) for place, dim in enumerate(labels[-count:])]
    return [labels]


def _group_norm(call: Call) -> Sequence[Labels]:
    labels, groups, channels = call.labels("input"), call["group"], call["C"]
    call.fix((labels[0], *labels[2:]))
    place = labels[1]
    for name in ("weight", "bias"):
        if isinstance(call[name], Tensor):
            call.atoms.unite(place, call.labels(name)[0])
    group: Dim = None
    if groups > 1:
        within = channels // groups
        if groups >= within:
            group = call.atoms.fresh(groups)
            call.atoms.unite(place, np.repeat(group, within, axis=1))
            call.attributes.append(("num_groups", None, group))
        else:
            call.atoms.unite(place, np.tile(call.atoms.fresh(within), groups))
    call.attributes.append(("num_channels", None, place))
    return [labels, (None, group), (None, group)]


def _weight_norm(call: Call) -> Sequence[Labels]:
    labels = call.labels("v")
    for one, two, size in zip(labels, call.labels("g"), call["g"].shape, strict=True):
        if size > 1:
            call.atoms.unite(one, two)
    return [labels, call.labels("g")]


def _glu(call: Call) -> Sequence[Labels]:
    labels = list(call.labels("self"))
    place = call["dim"] % len(labels)
    dim = labels[place]
    if dim is not None:
        half = dim.shape[1] // 2
        call.atoms.unite(dim[:, :half], dim[:, half:])
        labels[place] = dim[:, :half]
    return [tuple(labels)]


def _attention(call: Call) -> Sequence[Labels]:
    query, key, value = call.labels("query"), call.labels("key"), call.labels("value")
    for place in range(len(query) - 2):
        call.atoms.unite(query[place], key[place])
        call.atoms.unite(query[place], value[place])
    call.fix((query[-1], key[-1], key[-2], value[-2]))
    mask = call.arguments.get("attn_mask", call.arguments.get("attn_bias"))
    if isinstance(mask, Tensor):
        for place, (dim, size) in enumerate(zip(reversed(call.of(mask)), reversed(mask.shape), strict=True), start=1):
            if place > 2 and size > 1:
                call.atoms.unite(query[-place], dim)
            else:
                call.atoms.fix(dim)
    return [(*query[:-1], value[-1]), query[:-1]]


LAYERS = by_operator(
    {
        _convolution: "convolution _convolution convolution_overrideable cudnn_convolution mkldnn_convolution",
        _product: "mm bmm addmm baddbmm mv dot vdot addmv",
        _trilinear: "_trilinear",
        _batch_norm: "native_batch_norm _native_batch_norm_legit _native_batch_norm_legit_no_training cudnn_batch_norm "
        "miopen_batch_norm _batch_norm_no_update _batch_norm_with_update",
        _layer_norm: "native_layer_norm _fused_rms_norm",
        _group_norm: "native_group_norm",
        _weight_norm: "_weight_norm_interface",
        _glu: "glu",
        _attention: "_scaled_dot_product_flash_attention_for_cpu _scaled_dot_product_flash_attention "
        "_scaled_dot_product_efficient_attention _scaled_dot_product_cudnn_attention",
    }
)
"""Rules by operator."""
