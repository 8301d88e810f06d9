"""Pruning at the level of single weights: masks that stay, sparse files, and sparse layers where they are faster."""

from burnish.pruning.weights.gradual import GradualSparsity, gradual_sparsity
from burnish.pruning.weights.inference import LayerChoice, SparseInference, sparse_inference
from burnish.pruning.weights.mask import Mask, bake_
from burnish.pruning.weights.restoring import mask_like_, mask_zeros_
from burnish.pruning.weights.semi_structured import semi_structured
from burnish.pruning.weights.sparse_file import load_sparse, save_sparse
from burnish.pruning.weights.sparsify import sparsify_
from burnish.pruning.weights.sparsity import LayerSparsity, Sparsity, measure_sparsity

__all__ = [
    "GradualSparsity",
    "LayerChoice",
    "LayerSparsity",
    "Mask",
    "SparseInference",
    "Sparsity",
    "bake_",
    "gradual_sparsity",
    "load_sparse",
    "mask_like_",
    "mask_zeros_",
    "measure_sparsity",
    "save_sparse",
    "semi_structured",
    "sparse_inference",
    "sparsify_",
]
