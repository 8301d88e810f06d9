"""What a drawing of a network shows: few enough boxes, repeated ones as one."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from burnish.verbs.describing.outline import deepest, outline

if TYPE_CHECKING:
    from burnish.models.count import Counts, LayerCount

MOST_BOXES = 26
_MOST_IN_BLOCK = 24
_KINDS = {
    "attention": ("attention", "transformer"),
    "recurrent": ("rnn", "lstm", "gru"),
    "convolution": ("conv",),
    "linear": ("linear",),
    "pooling": ("pool",),
}


@dataclass(frozen=True)
class Box:
    """One box of a drawing.

    Attributes:
        row: the layer or container; of several alike, the first.
        kind: what most of its work is; see :func:`kind_of`.
        last: name of the last one of several alike.
        times: how many alike follow each other.
        folded: types of the layers without multiplications that follow inside the same box.
    """

    row: LayerCount
    kind: str
    last: str
    times: int = 1
    folded: tuple[str, ...] = ()

    @property
    def parent(self) -> str:
        """Name of the container that the box stands in."""
        return self.row.name.rpartition(".")[0]


def boxes(counts: Counts, most: int = MOST_BOXES) -> list[Box]:
    """The boxes of a model at the greatest depth that leaves at most ``most`` of them, if any does.

    Layers that did not run are left out. Normalisation, activations and the like join the layer before them; siblings
    in a row of one type, size and cost become one box. Blocks around which a path leads are never opened.
    """
    kinds, whole = _kinds(counts), _blocks(counts)
    found = _boxes(counts, kinds, whole, 1)
    for depth in range(2, deepest(counts) + 1):
        deeper = _boxes(counts, kinds, whole, depth)
        if len(deeper) <= most:
            found = deeper
    return found


def _blocks(counts: Counts) -> dict[str, LayerCount]:
    """Containers that bring paths together, but for those that are most of a network."""
    sizes = Counter(name for layer in counts.layers for name in _above(layer.name))
    return {
        row.name: row
        for row in counts.containers
        if row.name and {"sum", "concatenation"} & set(row.joins) and sizes[row.name] <= _MOST_IN_BLOCK
    }


def _boxes(counts: Counts, kinds: dict[str, str], blocks: dict[str, LayerCount], depth: int) -> list[Box]:
    closed: dict[str, LayerCount] = {}
    for row in outline(counts, depth):
        block = next((blocks[name] for name in _above(row.name) if name in blocks), row)
        closed.setdefault(block.name, block)
    rows = [row for row in closed.values() if row.output_shape is not None]
    opened = {prefix for row in rows for prefix in _above(row.name)}
    result: list[Box] = []
    for row in rows:
        if row.name in opened:
            continue  # parameters of a container whose layers have boxes of their own
        box = Box(row, kinds[row.name], row.name)
        if result and _joins_in(result[-1], box):
            result[-1] = replace(result[-1], folded=(*result[-1].folded, row.type))
        elif result or row.macs or row.parameters or row.window:
            result.append(box)
    collapsed: list[Box] = []
    for box in result:
        before = collapsed[-1] if collapsed else None
        if before is not None and _alike(before, box):
            collapsed[-1] = replace(before, times=before.times + 1, last=box.row.name)
        else:
            collapsed.append(box)
    return collapsed


def _above(name: str) -> list[str]:
    """Names of the containers of a layer, the model's first."""
    parts = name.split(".") if name else []
    return [".".join(parts[:end]) for end in range(len(parts))]


def _joins_in(before: Box, box: Box) -> bool:
    row = box.row
    if row.macs or row.window or row.joins or box.kind == "pooling":
        return False
    if not row.parameters and not row.activation_bytes:
        return True  # it only hands on what it got, as dropout does in evaluation
    if box.parent != before.parent and row.parameters:
        return False
    assert row.output_shape is not None
    assert before.row.output_shape is not None
    return math.prod(row.output_shape) == math.prod(before.row.output_shape)


def _alike(one: Box, two: Box) -> bool:
    def looks(box: Box) -> tuple[object, ...]:
        row = box.row
        return (row.type, row.output_shape, row.parameters, row.macs, row.joins, row.window, box.parent, box.folded)

    return looks(one) == looks(two)


def _kinds(counts: Counts) -> dict[str, str]:
    """What most of the work of every layer and container is."""
    work: dict[str, Counter[str]] = {}
    for layer in counts.layers:
        for name in {*_above(layer.name), layer.name}:
            work.setdefault(name, Counter())[kind_of(layer.type)] += layer.macs
    kinds = {}
    for row in (*counts.layers, *counts.containers):
        own, below = kind_of(row.type), work.get(row.name, Counter())
        if own in ("attention", "pooling") or not any(below.values()):
            kinds[row.name] = own
        else:
            kinds[row.name] = "attention" if "attention" in below else below.most_common(1)[0][0]
    return kinds


def kind_of(type_name: str) -> str:
    """What sort of layer a class is, by its name: an attention, a recurrent layer, a convolution, linear, a pooling.

    >>> kind_of("Conv2d"), kind_of("MultiheadAttention"), kind_of("GELU")
    ('convolution', 'attention', 'other')
    """
    lower = type_name.lower()
    return next((kind for kind, words in _KINDS.items() if any(word in lower for word in words)), "other")
