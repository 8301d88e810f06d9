"""Pruning: models made smaller and measurably faster, with the evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from burnish.common.lazy_names import lazy_names

if TYPE_CHECKING:
    from burnish.pruning.criteria.score import score_groups
    from burnish.pruning.distillation import Distillation
    from burnish.pruning.filters.prune import prune_filters
    from burnish.pruning.filters.pruned import Pruned
    from burnish.pruning.graph.graph import Graph
    from burnish.pruning.graph.group import Group
    from burnish.pruning.graph.masking import masked_twin
    from burnish.pruning.graph.surgery import remove_all_, replay_
    from burnish.pruning.graph.tracing import trace
    from burnish.pruning.layers.finding import removable_blocks
    from burnish.pruning.layers.prune import prune_layers
    from burnish.pruning.layers.removing import remove_blocks_, replay_blocks_
    from burnish.pruning.weights.gradual import GradualSparsity
    from burnish.pruning.weights.inference import sparse_inference
    from burnish.pruning.weights.mask import bake_
    from burnish.pruning.weights.restoring import mask_zeros_
    from burnish.pruning.weights.sparse_file import load_sparse, save_sparse
    from burnish.pruning.weights.sparsify import sparsify_

_HOMES = {
    "Distillation": "distillation",
    "GradualSparsity": "weights.gradual",
    "Graph": "graph.graph",
    "Group": "graph.group",
    "Pruned": "filters.pruned",
    "bake_": "weights.mask",
    "load_sparse": "weights.sparse_file",
    "mask_zeros_": "weights.restoring",
    "masked_twin": "graph.masking",
    "prune_filters": "filters.prune",
    "prune_layers": "layers.prune",
    "removable_blocks": "layers.finding",
    "remove_all_": "graph.surgery",
    "remove_blocks_": "layers.removing",
    "replay_": "graph.surgery",
    "replay_blocks_": "layers.removing",
    "save_sparse": "weights.sparse_file",
    "score_groups": "criteria.score",
    "sparse_inference": "weights.inference",
    "sparsify_": "weights.sparsify",
    "trace": "graph.tracing",
}

__all__ = [
    "Distillation",
    "GradualSparsity",
    "Graph",
    "Group",
    "Pruned",
    "bake_",
    "load_sparse",
    "mask_zeros_",
    "masked_twin",
    "prune_filters",
    "prune_layers",
    "removable_blocks",
    "remove_all_",
    "remove_blocks_",
    "replay_",
    "replay_blocks_",
    "save_sparse",
    "score_groups",
    "sparse_inference",
    "sparsify_",
    "trace",
]

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
