"""``nn.MultiheadAttention`` with fewer heads than its width would hold."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class NarrowMultiheadAttention(nn.MultiheadAttention):
    """The same layer, whose heads need not fill the width of what comes in.

    torch's own takes the width of a head from the width of the input, so that no head can go alone. Weights keep their
    names; rows of queries, keys and values lie one after the other in ``in_proj_weight``. It is made by :meth:`adopt_`.
    """

    @staticmethod
    def fits(module: nn.Module) -> bool:
        """Whether a module is torch's own attention, with no forward and no keys of its own."""
        plain = isinstance(module, nn.MultiheadAttention) and type(module).forward is nn.MultiheadAttention.forward
        return plain and getattr(module, "bias_k", None) is None and not getattr(module, "add_zero_attn", False)

    @classmethod
    def adopt_(cls, module: nn.Module) -> None:
        """Let an attention that :meth:`fits` become one of these, with everything that it holds."""
        vars(module)["_qkv_same_embed_dim"] = False  # keeps nn.TransformerEncoderLayer from a fast path of its own
        module.__class__ = cls

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """As torch's. Letters: B batch, H heads, T queries, S keys, D width of a head, W width of the input."""
        batched = query.dim() == 3
        sources = [source if batched else source.unsqueeze(1) for source in (query, key, value)]
        if batched and self.batch_first:
            sources = [source.transpose(0, 1) for source in sources]
        weights = (
            self.in_proj_weight.chunk(3)
            if self._parameters["in_proj_weight"] is not None
            else (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight)
        )
        biases = (None, None, None) if self.in_proj_bias is None else self.in_proj_bias.chunk(3)
        q_BHTD, k_BHSD, v_BHSD = (
            F.linear(source, weight, bias).unflatten(-1, (self.num_heads, -1)).permute(1, 2, 0, 3)
            for source, weight, bias in zip(sources, weights, biases, strict=True)
        )
        batch = len(q_BHTD)
        mask = None if attn_mask is None else _added(attn_mask, q_BHTD)
        if mask is not None and mask.dim() == 3:
            mask = mask.unflatten(0, (batch, -1)) if mask.shape[0] != batch else mask.unsqueeze(1)
        if key_padding_mask is not None:
            padding = _added(key_padding_mask if batched else key_padding_mask.unsqueeze(0), q_BHTD)[:, None, None]
            mask = padding if mask is None else mask + padding
        dropout = self.dropout if self.training else 0.0
        shares = None
        if need_weights:
            scores = q_BHTD @ k_BHSD.mT * k_BHSD.shape[-1] ** -0.5
            shares = (scores if mask is None else scores + mask).softmax(dim=-1)
            shares = F.dropout(shares, dropout)
            mixed = shares @ v_BHSD
        else:
            mixed = F.scaled_dot_product_attention(
                q_BHTD, k_BHSD, v_BHSD, mask, dropout, is_causal=is_causal and mask is None
            )
        out_TBW = self.out_proj(mixed.permute(2, 0, 1, 3).flatten(2))
        if shares is not None and average_attn_weights:
            shares = shares.mean(dim=1)
        if not batched:
            return out_TBW.squeeze(1), None if shares is None else shares.squeeze(0)
        return out_TBW.transpose(0, 1) if self.batch_first else out_TBW, shares


def _added(mask: Tensor, like: Tensor) -> Tensor:
    """A mask in the form that is added to the scores."""
    if mask.dtype != torch.bool:
        return mask
    return torch.zeros_like(mask, dtype=like.dtype).masked_fill(mask, float("-inf"))
