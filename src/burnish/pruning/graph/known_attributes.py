"""Sizes that the layers of torch and burnish keep as plain numbers, and the weights that they describe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from torch import nn
from torch.nn.modules.batchnorm import _NormBase

from burnish.layers.attention import MultiHeadAttention
from burnish.pruning.graph.following.record import Attribute
from burnish.pruning.graph.rules.reshaping import Labels

_TABLE: tuple[tuple[type[nn.Module], str, str, int], ...] = (
    (nn.Linear, "in_features", "weight", 1),
    (nn.Linear, "out_features", "weight", 0),
    (nn.Bilinear, "out_features", "weight", 0),
    (nn.Bilinear, "in1_features", "weight", 1),
    (nn.Bilinear, "in2_features", "weight", 2),
    (nn.Embedding, "embedding_dim", "weight", 1),
    (nn.EmbeddingBag, "embedding_dim", "weight", 1),
    (_NormBase, "num_features", "weight", 0),
    (_NormBase, "num_features", "running_mean", 0),
    (nn.PReLU, "num_parameters", "weight", 0),
    (nn.MultiheadAttention, "embed_dim", "in_proj_weight", 1),
    (nn.MultiheadAttention, "kdim", "in_proj_weight", 1),
    (nn.MultiheadAttention, "vdim", "in_proj_weight", 1),
    (nn.MultiheadAttention, "embed_dim", "q_proj_weight", 1),
    (nn.MultiheadAttention, "kdim", "k_proj_weight", 1),
    (nn.MultiheadAttention, "vdim", "v_proj_weight", 1),
    (nn.RNNCellBase, "input_size", "weight_ih", 1),
    (nn.RNNCellBase, "hidden_size", "weight_hh", 1),
    (nn.RNNBase, "input_size", "weight_ih_l0", 1),
    (MultiHeadAttention, "width", "in_proj_weight", 1),
)


def known_attributes(model: nn.Module, weights: Mapping[str, Labels]) -> Iterator[Attribute]:
    """Numbers of known layers that count the channels of their own weights."""
    for name, module in model.named_modules():
        prefix = f"{name}." if name else ""
        for kind, attribute, tensor, dim in _TABLE:
            labels = weights.get(prefix + tensor)
            if isinstance(module, kind) and labels is not None and hasattr(module, attribute):
                yield Attribute(name, attribute, None, labels[dim])
        recurrent = weights.get(f"{prefix}weight_hh_l0")
        if isinstance(module, nn.RNNBase) and recurrent is not None:
            projected = bool(module.proj_size)
            yield Attribute(name, "proj_size" if projected else "hidden_size", None, recurrent[1])
            if projected and recurrent[0] is not None:
                yield Attribute(name, "hidden_size", None, recurrent[0][:, : module.hidden_size])
