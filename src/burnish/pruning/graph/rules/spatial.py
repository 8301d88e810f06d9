"""What windows, interpolation and shuffles of positions do to channels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from burnish.pruning.graph.rules.call import Call
from burnish.pruning.graph.rules.naming import Rule, by_operator
from burnish.pruning.graph.rules.reshaping import Labels


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
    kept = call.atoms.fresh(value.shape[-3] // factor**2)
    call.atoms.unite(labels[-3], np.repeat(kept, factor**2, axis=1))
    return [(*labels[:-3], kept, None, None)]


def _unshuffle(call: Call) -> Sequence[Labels]:
    labels, factor = call.labels("self"), call["downscale_factor"]
    call.fix(labels[-2:])
    channels = labels[-3]
    return [(*labels[:-3], None if channels is None else np.repeat(channels, factor**2, axis=1), None, None)]


SPATIAL = by_operator(
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
