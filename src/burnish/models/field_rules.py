"""What operators of torch do to the receptive field of their inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from burnish.models.field_layout import Axes, Axis, Layout, is_plain, joined, plain, reshaped

Find = Callable[[Tensor], Layout | None]
Rule = Callable[[tuple[Any, ...], dict[str, Any], list[Tensor], Find], Layout | None]

_aten = torch.ops.aten
CONSTANTS: frozenset[Any] = frozenset(
    getattr(_aten, f"{kind}_{what}")
    for kind, whats in {
        "new": ("empty", "zeros", "ones", "full", "empty_strided"),
        "zeros": ("like",),
        "ones": ("like",),
        "empty": ("like",),
        "full": ("like",),
        "rand": ("like",),
        "randn": ("like",),
    }.items()
    for what in whats
)
"""Operators whose output has the shape or type of their input, and nothing else of it."""


def layout_after(
    operation: Any, args: tuple[Any, ...], kwargs: dict[str, Any], outputs: list[Tensor], find: Find
) -> Layout | None:
    """The layout of the (first) output, or None: it sees everything, or no rule is known.

    Args:
        operation: overload of an operator.
        args: what it was called with.
        kwargs: what it was called with by name.
        outputs: its tensors.
        find: from a tensor to its layout; None for tensors that do not depend on the input.
    """
    rule = _RULES.get(operation.overloadpacket)
    if rule is None and torch.Tag.pointwise in operation.tags:
        rule = _pointwise
    return None if rule is None or not outputs else rule(args, kwargs, outputs, find)


def _pointwise(args: tuple[Any, ...], kwargs: dict[str, Any], outputs: list[Tensor], find: Find) -> Layout | None:
    tensors = [value for value in (*args, *kwargs.values()) if isinstance(value, Tensor)]
    shape = outputs[0].shape
    spread = [_broadcast(found, value.shape, shape) for value in tensors if (found := find(value)) is not None]
    complete = [layout for layout in spread if layout is not None]
    return joined(complete) if complete and len(complete) == len(spread) else None


def _broadcast(layout: Layout, shape: Sequence[int], to: Sequence[int]) -> Layout | None:
    new = len(to) - len(shape)
    result: list[Axes] = [plain(size) for size in to[:new]]
    for axes, size, wanted in zip(layout, shape, to[new:], strict=True):
        if size != wanted and not is_plain(axes):
            return None
        result.append(axes if size == wanted else plain(wanted))
    return tuple(result)


def _same(args: tuple[Any, ...], kwargs: dict[str, Any], outputs: list[Tensor], find: Find) -> Layout | None:
    return find(args[0])


def _copy(args: tuple[Any, ...], kwargs: dict[str, Any], outputs: list[Tensor], find: Find) -> Layout | None:
    layout = find(args[1])
    return None if layout is None else _broadcast(layout, args[1].shape, outputs[0].shape)


def _view(args: tuple[Any, ...], kwargs: dict[str, Any], outputs: list[Tensor], find: Find) -> Layout | None:
    layout = find(args[0])
    same_numbers = args[0].numel() == outputs[0].numel()
    return None if layout is None or not same_numbers else reshaped(layout, outputs[0].shape)


def _permute(args: tuple[Any, ...], kwargs: dict[str, Any], outputs: list[Tensor], find: Find) -> Layout | None:
    layout = find(args[0])
    return None if layout is None else tuple(layout[dim] for dim in args[1])


def _transpose(args: tuple[Any, ...], kwargs: dict[str, Any], outputs: list[Tensor], find: Find) -> Layout | None:
    layout = find(args[0])
    if layout is None:
        return None
    swapped = list(layout)
    first, second = args[1:] if len(args) == 3 else (0, -1)  # `t` has no more arguments
    if len(layout) > 1:
        swapped[first], swapped[second] = swapped[second], swapped[first]
    return tuple(swapped)


def _window(
    outputs: list[Tensor],
    layout: Layout | None,
    windows: tuple[Any, Any, Any, Any],
    transposed: bool = False,
) -> Layout | None:
    """Slide over the last dimensions, as many as the windows have."""
    if layout is None:
        return None
    count = len(windows[0])
    spread = [list(values) * (count if len(values) == 1 else 1) for values in windows]
    result = list(layout[:-count])
    for axes, size, *window in zip(layout[-count:], outputs[0].shape[-count:], *spread, strict=True):
        if is_plain(axes):
            result.append(plain(size))
            continue
        if len(axes) > 1 or axes[0].reach is None:
            return None
        slide = axes[0].reach.transposed if transposed else axes[0].reach.window
        reach = slide(*window)
        if reach is None:
            return None
        result.append((Axis(size, reach),))
    return tuple(result)


def _convolution(args: tuple[Any, ...], kwargs: dict[str, Any], outputs: list[Tensor], find: Find) -> Layout | None:
    image, weight, bias, stride, padding, dilation, transposed = args[:7]
    layout = find(image)
    if layout is None or find(weight) is not None or (bias is not None and find(bias) is not None):
        return None
    channels = image.ndim - weight.ndim + 1
    if not is_plain(layout[channels]):
        return None
    windows = (weight.shape[2:], stride, padding, dilation)
    found = _window(outputs, layout, windows, transposed=transposed)
    if found is None:
        return None
    return (*found[:channels], plain(outputs[0].shape[channels]), *found[channels + 1 :])


def _average_pool(args: tuple[Any, ...], kwargs: dict[str, Any], outputs: list[Tensor], find: Find) -> Layout | None:
    kernel, stride, padding = (*args[1:4], *([], [0])[len(args) - 2 :])[:3]
    return _window(outputs, find(args[0]), (kernel, stride or kernel, padding, [1]))


def _max_pool(args: tuple[Any, ...], kwargs: dict[str, Any], outputs: list[Tensor], find: Find) -> Layout | None:
    kernel, stride, padding, dilation = (*args[1:5], *([], [0], [1])[len(args) - 2 :])[:4]
    return _window(outputs, find(args[0]), (kernel, stride or kernel, padding, dilation))


def _adaptive_pool(args: tuple[Any, ...], kwargs: dict[str, Any], outputs: list[Tensor], find: Find) -> Layout | None:
    wanted = args[1]
    sizes = args[0].shape[-len(wanted) :]
    if any(size % out or (out == 1 and size > 1) for size, out in zip(sizes, wanted, strict=True)):
        return None
    kernel = [size // out for size, out in zip(sizes, wanted, strict=True)]
    return _window(outputs, find(args[0]), (kernel, kernel, [0], [1]))


def _resize(mode: str) -> Rule:
    def rule(args: tuple[Any, ...], kwargs: dict[str, Any], outputs: list[Tensor], find: Find) -> Layout | None:
        layout = find(args[0])
        after_size = args[2:]
        aligns = mode in ("linear", "cubic")
        spelt = f"{mode} corners" if aligns and after_size and after_size[0] else mode
        scales = after_size[1:] if aligns else after_size
        return None if layout is None else _resized(layout, args[0].shape, outputs[0].shape, spelt, scales)

    return rule


def _resized(
    layout: Layout, shape: Sequence[int], to: Sequence[int], mode: str, scales: Sequence[float | None]
) -> Layout | None:
    result = list(layout[:2])
    factors = [*scales, *[None] * (len(shape) - 2 - len(scales))]
    for axes, size, wanted, factor in zip(layout[2:], shape[2:], to[2:], factors, strict=True):
        if len(axes) != 1 or axes[0].reach is None or (factor is not None and size * factor != wanted):
            return None
        reach = axes[0].reach.resized(size, wanted, mode)
        if reach is None:
            return None
        result.append((Axis(wanted, reach),))
    return tuple(result)


def _pixel_shuffle(args: tuple[Any, ...], kwargs: dict[str, Any], outputs: list[Tensor], find: Find) -> Layout | None:
    layout = find(args[0])
    if layout is None or not is_plain(layout[-3]):
        return None
    resized = _resized(layout, args[0].shape, outputs[0].shape, "nearest", ()) if len(layout) == 4 else None
    return None if resized is None else (resized[0], plain(outputs[0].shape[1]), *resized[2:])


def _pixel_unshuffle(args: tuple[Any, ...], kwargs: dict[str, Any], outputs: list[Tensor], find: Find) -> Layout | None:
    layout = find(args[0])
    if layout is None or not is_plain(layout[-3]):
        return None
    found = _window(outputs, layout, ([args[1]] * 2, [args[1]] * 2, [0], [1]))
    return None if found is None else (*found[:-3], plain(outputs[0].shape[-3]), *found[-2:])


def _slice(args: tuple[Any, ...], kwargs: dict[str, Any], outputs: list[Tensor], find: Find) -> Layout | None:
    layout = find(args[0])
    dim = (args[1] if len(args) > 1 else 0) % args[0].ndim
    start, step = (args[2] if len(args) > 2 else 0), (args[4] if len(args) > 4 else 1)
    start = min(max((start or 0) + (args[0].shape[dim] if (start or 0) < 0 else 0), 0), args[0].shape[dim])
    return None if layout is None else _cut(layout, dim, outputs[0].shape[dim], start, step)


def _cut(layout: Layout, dim: int, size: int, start: int, step: int = 1) -> Layout | None:
    axes: Axes = plain(size)
    if not is_plain(layout[dim]):
        only = layout[dim][0]
        reach = only.reach.window(1, step, -start) if len(layout[dim]) == 1 and only.reach is not None else None
        if reach is None:
            return None
        axes = (Axis(size, reach),)
    return (*layout[:dim], axes, *layout[dim + 1 :])


def _split(args: tuple[Any, ...], kwargs: dict[str, Any], outputs: list[Tensor], find: Find) -> Layout | None:
    layout = find(args[0])
    dim = (args[2] if len(args) > 2 else 0) % args[0].ndim
    if layout is None or not is_plain(layout[dim]):
        return None
    return _cut(layout, dim, outputs[0].shape[dim], 0)


def _select(args: tuple[Any, ...], kwargs: dict[str, Any], outputs: list[Tensor], find: Find) -> Layout | None:
    layout = find(args[0])
    dim = (args[1] if len(args) > 1 else 0) % args[0].ndim
    return None if layout is None or not is_plain(layout[dim]) else (*layout[:dim], *layout[dim + 1 :])


def _pad(args: tuple[Any, ...], kwargs: dict[str, Any], outputs: list[Tensor], find: Find) -> Layout | None:
    layout = find(args[0])
    amounts = args[1]
    for place in range(len(amounts) // 2):
        dim = args[0].ndim - 1 - place
        if layout is not None and (amounts[2 * place] or amounts[2 * place + 1]):
            layout = _cut(layout, dim, outputs[0].shape[dim], -amounts[2 * place])
    return layout


def _concatenate(args: tuple[Any, ...], kwargs: dict[str, Any], outputs: list[Tensor], find: Find) -> Layout | None:
    dim = (args[1] if len(args) > 1 else 0) % outputs[0].ndim
    layouts = []
    for tensor in args[0]:
        layout = find(tensor)
        if layout is not None:
            if not is_plain(layout[dim]):
                return None
            layouts.append((*layout[:dim], plain(outputs[0].shape[dim]), *layout[dim + 1 :]))
    return joined(layouts)


def _stack(args: tuple[Any, ...], kwargs: dict[str, Any], outputs: list[Tensor], find: Find) -> Layout | None:
    dim = (args[1] if len(args) > 1 else 0) % outputs[0].ndim
    layout = joined([found for tensor in args[0] if (found := find(tensor)) is not None])
    return None if layout is None else (*layout[:dim], plain(len(args[0])), *layout[dim:])


def _matrix_product(args: tuple[Any, ...], kwargs: dict[str, Any], outputs: list[Tensor], find: Find) -> Layout | None:
    *bias, left, right = (value for value in args if isinstance(value, Tensor))
    one, two = find(left), find(right)
    if any(find(tensor) is not None for tensor in bias) or (one is None) == (two is None):
        return None
    if one is not None:
        return (*one[:-1], plain(outputs[0].shape[-1])) if is_plain(one[-1]) else None
    assert two is not None
    return (*two[:-2], plain(outputs[0].shape[-2]), two[-1]) if is_plain(two[-2]) else None


def _over_dims(args: tuple[Any, ...], kwargs: dict[str, Any], outputs: list[Tensor], find: Find) -> Layout | None:
    """Reductions, softmax and the like: harmless along dimensions without positions."""
    layout = find(args[0])
    given = args[1] if len(args) > 1 else None
    if isinstance(given, Tensor):
        return _pointwise(args, kwargs, outputs, find)  # the larger of two tensors
    if layout is None or given is None:
        return None
    dims = {dim % args[0].ndim for dim in ([given] if isinstance(given, int) else given)}
    if not dims or not all(is_plain(layout[dim]) for dim in dims):
        return None
    kept = outputs[0].ndim == len(layout)
    sizes = outputs[0].shape
    return tuple(
        plain(sizes[dim]) if dim in dims else axes for dim, axes in enumerate(layout) if kept or dim not in dims
    )


def _batch_norm(args: tuple[Any, ...], kwargs: dict[str, Any], outputs: list[Tensor], find: Find) -> Layout | None:
    by_statistics = len(args) > 5 and args[5] is True
    return None if by_statistics else find(args[0])


def _layer_norm(args: tuple[Any, ...], kwargs: dict[str, Any], outputs: list[Tensor], find: Find) -> Layout | None:
    layout = find(args[0])
    if layout is None or not all(map(is_plain, layout[-len(args[1]) :])):
        return None
    return layout


def _rules() -> dict[Any, Rule]:
    by_name: dict[Rule, str] = {
        _pointwise: "hardswish hardswish_ _prelu_kernel _to_copy detach alias lift_fresh clone expand "
        "log_sigmoid_forward rrelu_with_noise native_dropout",
        _copy: "copy_",
        _same: "channel_shuffle native_channel_shuffle contiguous",
        _view: "view _unsafe_view reshape unsqueeze squeeze _reshape_alias",
        _permute: "permute",
        _transpose: "transpose t",
        _convolution: "convolution",
        _average_pool: "avg_pool1d avg_pool2d avg_pool3d",
        _max_pool: "max_pool1d max_pool2d max_pool3d max_pool2d_with_indices max_pool3d_with_indices",
        _adaptive_pool: "_adaptive_avg_pool2d _adaptive_avg_pool3d adaptive_avg_pool1d adaptive_max_pool2d "
        "adaptive_max_pool3d",
        _resize("nearest"): "upsample_nearest1d upsample_nearest2d upsample_nearest3d",
        _resize("nearest-exact"): "_upsample_nearest_exact1d _upsample_nearest_exact2d _upsample_nearest_exact3d",
        _resize("linear"): "upsample_linear1d upsample_bilinear2d upsample_trilinear3d",
        _resize("cubic"): "upsample_bicubic2d",
        _pixel_shuffle: "pixel_shuffle",
        _pixel_unshuffle: "pixel_unshuffle",
        _slice: "slice",
        _split: "split split_with_sizes chunk",
        _select: "select unbind",
        _pad: "constant_pad_nd reflection_pad1d reflection_pad2d replication_pad1d replication_pad2d replication_pad3d",
        _concatenate: "cat",
        _stack: "stack",
        _matrix_product: "mm bmm addmm baddbmm",
        _over_dims: "mean sum amax amin max min var std logsumexp _softmax _log_softmax glu",
        _batch_norm: "native_batch_norm _native_batch_norm_legit _native_batch_norm_legit_no_training "
        "cudnn_batch_norm miopen_batch_norm _batch_norm_no_update",
        _layer_norm: "native_layer_norm",
    }
    return {getattr(_aten, name): rule for rule, names in by_name.items() for name in names.split()}


_RULES = _rules()
