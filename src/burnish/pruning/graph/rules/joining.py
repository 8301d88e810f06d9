"""What operators that cut, join and look up do to channels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from burnish.pruning.graph.atoms import Dim
from burnish.pruning.graph.rules.call import Call
from burnish.pruning.graph.rules.naming import by_operator
from burnish.pruning.graph.rules.reshaping import Labels


def _replaced(labels: Labels, place: int, dim: Dim) -> Labels:
    return (*labels[:place], dim, *labels[place + 1 :])


def _slice(call: Call) -> Sequence[Labels]:
    labels, size = call.labels("self"), call["self"].shape
    place = call["dim"] % len(size)
    dim = labels[place]
    if dim is None:
        return [labels]
    start, end, step = call["start"] or 0, call["end"], call["step"]
    start = min(max(start + size[place] if start < 0 else start, 0), size[place])
    end = size[place] if end is None or end > size[place] else end + size[place] if end < 0 else end
    if step != 1:
        call.refuse("a step through channels meets others when some go", dim)
        return [labels]
    call.expected.append(("start", None, dim[:, :start]))
    return [_replaced(labels, place, dim[:, start : max(start, end)])]


def _select(call: Call) -> Sequence[Labels]:
    labels = call.labels("self")
    place = call["dim"] % len(labels)
    call.refuse("a channel is looked up by its number", labels[place])
    return [(*labels[:place], *labels[place + 1 :])]


def _unbind(call: Call) -> Sequence[Labels]:
    labels = call.labels("self")
    place = call["dim"] % len(labels)
    call.refuse("each is taken by its number", labels[place])
    return [(*labels[:place], *labels[place + 1 :])] * len(call.outputs)


def _split(call: Call) -> Sequence[Labels]:
    labels = call.labels("self")
    place = call.arguments.get("dim", 0) % len(labels)
    dim = labels[place]
    if dim is None:
        return [labels] * len(call.outputs)
    result, start = [], 0
    for output in call.outputs:
        part = dim[:, start : start + output.shape[place]]
        start += output.shape[place]
        result.append(_replaced(labels, place, part))
    if "split_sizes" not in call.arguments:  # pieces of one size stay so only if the same goes from each
        whole = [found[place] for found in result if found[place].shape[1] == result[0][place].shape[1]]
        for part in whole[1:]:
            call.atoms.unite(whole[0], part)
        if len(whole) < len(result):
            call.refuse("the last piece is smaller than the others", dim)
    return result


def _cat(call: Call) -> Sequence[Labels]:
    tensors = [tensor for tensor in call["tensors"] if tensor.numel() or tensor.ndim > 1]
    rank = call.outputs[0].ndim
    place = call.arguments.get("dim", 0) % rank
    found = [call.of(tensor) for tensor in tensors]
    result = []
    for number in range(rank):
        if number == place:
            parts = [
                np.zeros((1, tensor.shape[place]), dtype=np.int64) if labels[place] is None else labels[place]
                for labels, tensor in zip(found, tensors, strict=True)
            ]
            deepest = max(len(part) for part in parts if part is not None)
            padded = [
                np.concatenate([part, np.zeros((deepest - len(part), part.shape[1]), dtype=np.int64)])
                for part in parts
                if part is not None
            ]
            joined = np.concatenate(padded, axis=1)
            result.append(joined if joined.any() else None)
        else:
            for labels in found[1:]:
                call.atoms.unite(found[0][number], labels[number])
            result.append(None if any(labels[number] is None for labels in found) else found[0][number])
    return [tuple(result)]


def _stack(call: Call) -> Sequence[Labels]:
    found = [call.of(tensor) for tensor in call["tensors"]]
    for labels in found[1:]:
        for one, two in zip(found[0], labels, strict=True):
            call.atoms.unite(one, two)
    place = call.arguments.get("dim", 0) % call.outputs[0].ndim
    dims = tuple(None if any(other is None for other in others) else others[0] for others in zip(*found, strict=True))
    return [(*dims[:place], None, *dims[place:])]


def _pad(call: Call) -> Sequence[Labels]:
    labels, amounts = call.labels("self"), call["pad"]
    result = list(labels)
    for number in range(len(amounts) // 2):
        place = len(labels) - 1 - number
        before, after = amounts[2 * number], amounts[2 * number + 1]
        dim = result[place]
        if not (before or after) or dim is None:
            continue
        if before < 0 or after < 0:
            call.refuse("channels are cut off by a negative padding", dim)
            result[place] = None
            continue
        fresh = call.atoms.fresh(before + after)
        fresh = np.concatenate([fresh, np.zeros((len(dim) - 1, before + after), dtype=np.int64)])
        call.expected.append(("pad", 2 * number, fresh[:, :before]))
        call.expected.append(("pad", 2 * number + 1, fresh[:, before:]))
        call.attributes.append(("", None, fresh[:, :before]))
        call.attributes.append(("", None, fresh[:, before:]))
        result[place] = np.concatenate([fresh[:, :before], dim, fresh[:, before:]], axis=1)
    return [tuple(result)]


def _index(call: Call) -> Sequence[Labels]:
    labels, indices = call.labels("self"), call["indices"]
    places = [place for place, index in enumerate(indices) if index is not None]
    looked_up = [labels[place] for place in places]
    call.refuse("channels are looked up by their numbers", *looked_up)
    for place in places:
        call.fix(call.of(indices[place]))
    together = places == list(range(places[0], places[-1] + 1))
    kept = [dim for place, dim in enumerate(labels) if place not in places]
    new = call.outputs[0].ndim - len(kept)
    first = places[0] if together else 0
    return [(*kept[:first], *(None,) * new, *kept[first:])]


def _index_select(call: Call) -> Sequence[Labels]:
    labels = call.labels("self")
    place = call["dim"] % len(labels)
    call.refuse("channels are looked up by their numbers", labels[place])
    call.fix(call.labels("index"))
    return [_replaced(labels, place, None)]


def _embedding(call: Call) -> Sequence[Labels]:
    rows, width = call.labels("weight")
    call.name(rows)
    call.makes(width)
    return [(*call.labels("indices"), width)]


def _embedding_bag(call: Call) -> Sequence[Labels]:
    rows, width = call.labels("weight")
    call.name(rows)
    samples = call["per_sample_weights"]
    for value in (call["indices"], call["offsets"], samples):
        if isinstance(value, Tensor):
            call.fix(call.of(value))
    call.makes(width)
    return [(None, width)]


JOINING = by_operator(
    {
        _slice: "slice",
        _select: "select",
        _unbind: "unbind",
        _split: "split split_with_sizes chunk unsafe_split unsafe_chunk unsafe_split_with_sizes",
        _cat: "cat concat",
        _stack: "stack",
        _pad: "constant_pad_nd",
        _index: "index _unsafe_index",
        _index_select: "index_select",
        _embedding: "embedding",
        _embedding_bag: "_embedding_bag _embedding_bag_forward_only",
    }
)
"""Rules by operator."""
