"""What windows, interpolation and shuffles of positions do to channels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from burnish.pruning.graph.atoms import Atoms, Dim
from burnish.pruning.graph.rules.call import Call
from burnish.pruning.graph.rules.reshaping import Labels

Rule = Callable[[Call], Sequence[Labels]]
_aten = torch.ops.aten


def _pool(spatial: int) -> Rule:
    def rule(call: Call) -> Sequence[Labels]:
        labels = call.of(next(value for value in call.arguments.values() if isinstance(value, Tensor)))
        call.refuse("a window runs over them", *labels[-spatial:])
        return [(*labels[:-spatial], *(None,) * spatial)]

    return rule


def _grid_sample(call: Call) -> Sequence[Labels]:
    labels = call.labels("input")
    call.fix((labels[0], *labels[2:], *call.labels("grid")))
    return [(None, labels[1], *(None,) * (len(labels) - 2))]


def _unfold(call: Call) -> Sequence[Labels]:
    labels = call.labels("self")
    call.fix(labels[-2:])
    taps = call["kernel_size"][0] * call["kernel_size"][1]
    channels = labels[-3]
    return [(*labels[:-3], None if channels is None else np.repeat(channels, taps, axis=1), None)]


def _shuffle(call: Call) -> Sequence[Labels]:
    value, labels = call["self"], call.labels("self")
    factor = call["upscale_factor"]
    call.fix(labels[-2:])
    channels = value.shape[-3] // factor**2
    (kept, *_) = _split_channels(call.atoms, labels[-3], channels, factor**2)
    return [(*labels[:-3], kept, None, None)]


def _unshuffle(call: Call) -> Sequence[Labels]:
    labels, factor = call.labels("self"), call["downscale_factor"]
    call.fix(labels[-2:])
    channels = labels[-3]
    return [(*labels[:-3], None if channels is None else np.repeat(channels, factor**2, axis=1), None, None)]


def _split_channels(atoms: Atoms, dim: Dim, outer: int, inner: int) -> tuple[Dim, Dim]:
    rows = atoms.fresh(outer)
    atoms.unite(dim, np.repeat(rows, inner, axis=1))
    return rows, None


def _by_name(rules: dict[Rule, str]) -> dict[Any, Rule]:
    return {
        getattr(_aten, name): rule for rule, names in rules.items() for name in names.split() if hasattr(_aten, name)
    }


SPATIAL = _by_name(
    {
        _pool(1): "avg_pool1d max_pool1d adaptive_avg_pool1d upsample_nearest1d upsample_linear1d reflection_pad1d "
        "replication_pad1d _upsample_nearest_exact1d",
        _pool(2): "avg_pool2d max_pool2d max_pool2d_with_indices _adaptive_avg_pool2d adaptive_avg_pool2d "
        "adaptive_max_pool2d upsample_nearest2d upsample_bilinear2d upsample_bicubic2d reflection_pad2d "
        "_upsample_nearest_exact2d replication_pad2d _upsample_bilinear2d_aa _upsample_bicubic2d_aa",
        _pool(3): "avg_pool3d max_pool3d max_pool3d_with_indices _adaptive_avg_pool3d adaptive_avg_pool3d "
        "adaptive_max_pool3d upsample_nearest3d upsample_trilinear3d reflection_pad3d replication_pad3d",
        _grid_sample: "grid_sampler grid_sampler_2d grid_sampler_3d",
        _unfold: "im2col",
        _shuffle: "pixel_shuffle",
        _unshuffle: "pixel_unshuffle",
    }
)
"""Rules by operator."""
