"""Multi-head attention that is fused unless its weights are asked for."""

from __future__ import annotations

import math
from typing import Literal, overload

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from burnish.common.errors import InputError


class MultiHeadAttention(nn.Module):
    """Mix values by the similarity of queries and keys, in several heads side by side.

    Source: Vaswani et al. 2017, "Attention is all you need", arXiv:1706.03762, section 3.2, eq. 1. Parameters have the
    names, shapes and first draw of ``torch.nn.MultiheadAttention``; batch comes first.

    One tensor attends to itself; with ``key`` the queries look at another sequence (a decoder at its encoder), with
    ``value`` they take what they mix from a third.

    The output comes from torch's fused kernel. Asking for the weights computes the same step by step: the output is
    equal to rounding. A query that may look at nothing gets weights of zero, so that its output is the bias of the last
    layer.

    Letters: B batch, T queries, S keys, W width, H heads, D width of a head.

    Args:
        width: W, of queries, keys, values and output.
        heads: H; divides the width.
        dropout: chance that a weight is left out while training. The weights that are returned are those before it.
        bias: whether the four projections have one.

    Shape:
        query ``(B, T, W)``, key and value ``(B, S, W)``; output ``(B, T, W)``, weights ``(B, H, T, S)``.

    Raises:
        InputError: the heads do not divide the width, or an input or mask has another shape.

    >>> attention = MultiHeadAttention(width=8, heads=2)
    >>> output, weights = attention(torch.rand(1, 3, 8), causal=True, return_weights=True)
    >>> tuple(output.shape), weights[0, 0, 0].tolist()
    ((1, 3, 8), [1.0, 0.0, 0.0])
    """

    def __init__(self, width: int, heads: int, *, dropout: float = 0.0, bias: bool = True) -> None:
        super().__init__()
        if width < 1 or heads < 1 or width % heads:
            raise InputError(
                f"the heads of an attention must divide its width, got width {width} and {heads} heads: "
                "every head takes an equal part of the width"
            )
        if not 0 <= dropout < 1:
            raise InputError(f"dropout must lie in [0, 1), got {dropout}: it is the chance that a weight is left out")
        self.width, self.heads, self.dropout = width, heads, dropout
        self.in_proj_weight = nn.Parameter(torch.empty(3 * width, width))
        if bias:
            self.in_proj_bias: nn.Parameter | None = nn.Parameter(torch.zeros(3 * width))
        else:
            self.register_parameter("in_proj_bias", None)
        self.out_proj = nn.Linear(width, width, bias=bias)
        nn.init.xavier_uniform_(self.in_proj_weight)
        if bias:
            nn.init.zeros_(self.out_proj.bias)

    @overload
    def forward(
        self,
        query_BTW: Tensor,
        key_BSW: Tensor | None = None,
        value_BSW: Tensor | None = None,
        *,
        mask: Tensor | None = None,
        causal: bool = False,
        return_weights: Literal[False] = False,
    ) -> Tensor: ...

    @overload
    def forward(
        self,
        query_BTW: Tensor,
        key_BSW: Tensor | None = None,
        value_BSW: Tensor | None = None,
        *,
        mask: Tensor | None = None,
        causal: bool = False,
        return_weights: Literal[True],
    ) -> tuple[Tensor, Tensor]: ...

    def forward(
        self,
        query_BTW: Tensor,
        key_BSW: Tensor | None = None,
        value_BSW: Tensor | None = None,
        *,
        mask: Tensor | None = None,
        causal: bool = False,
        return_weights: bool = False,
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Attend.

        Args:
            query_BTW: what looks.
            key_BSW: what is looked at; the queries themselves by default.
            value_BSW: what is mixed; the keys by default.
            mask: ``(T, S)``, ``(B, T, S)`` or ``(B, H, T, S)``, where B, H and T may be 1. Boolean: True where a query
                may look (the opposite of ``nn.MultiheadAttention``); otherwise numbers that are added to the
                similarities, -inf to forbid. Keys that only pad a sequence: ``is_symbol[:, None, :]``.
            causal: a query looks at no later key; needs as many keys as queries.
            return_weights: return the output and the weights.
        """
        q_BHTD, k_BHSD, v_BHSD = self._projected(query_BTW, key_BSW, value_BSW)
        queries, keys = q_BHTD.shape[2], k_BHSD.shape[2]
        if causal and queries != keys:
            raise InputError(
                f"causal attention needs as many keys as queries, got {keys} keys and {queries} queries: "
                "say with a mask which of them each query may look at"
            )
        mask_BHTS = None if mask is None else self._aligned(mask, (len(q_BHTD), self.heads, queries, keys))
        if causal and (return_weights or mask_BHTS is not None):
            past_TS = torch.ones(queries, keys, dtype=torch.bool, device=q_BHTD.device).tril()
            mask_BHTS = past_TS if mask_BHTS is None else _both(mask_BHTS, past_TS)
        dropout = self.dropout if self.training else 0.0
        if return_weights:
            mixed_BHTD, weights_BHTS = attend(q_BHTD, k_BHSD, v_BHSD, mask_BHTS, dropout=dropout)
            return self._joined(mixed_BHTD), weights_BHTS
        fused_causal = causal and mask_BHTS is None
        return self._joined(
            F.scaled_dot_product_attention(q_BHTD, k_BHSD, v_BHSD, mask_BHTS, dropout, is_causal=fused_causal)
        )

    def _projected(
        self, query_BTW: Tensor, key_BSW: Tensor | None, value_BSW: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        self._check("query", query_BTW, (len(query_BTW), None))
        weight, bias = self.in_proj_weight, self.in_proj_bias
        if key_BSW is None and value_BSW is None:
            projected = F.linear(query_BTW, weight, bias).unflatten(-1, (3, self.heads, -1))
            q_BHTD, k_BHSD, v_BHSD = projected.permute(2, 0, 3, 1, 4).unbind()
            return q_BHTD, k_BHSD, v_BHSD
        key_BSW = query_BTW if key_BSW is None else key_BSW
        value_BSW = key_BSW if value_BSW is None else value_BSW
        self._check("key", key_BSW, (len(query_BTW), None))
        self._check("value", value_BSW, (len(query_BTW), key_BSW.shape[1]))
        biases = (None, None, None) if bias is None else bias.chunk(3)
        sources = (query_BTW, key_BSW, value_BSW)
        first, second, third = (
            F.linear(source, rows, own).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for source, rows, own in zip(sources, weight.chunk(3), biases, strict=True)
        )
        return first, second, third

    def _check(self, role: str, tensor: Tensor, expected: tuple[int, int | None]) -> None:
        batch, length = expected
        fits = tensor.ndim == 3 and tensor.shape[0] == batch and tensor.shape[-1] == self.width
        if not fits or length not in (None, tensor.shape[1]):
            wanted = f"({batch}, {'length' if length is None else length}, {self.width})"
            raise InputError(f"the {role} of an attention must be {wanted}, got {tuple(tensor.shape)}")

    def _aligned(self, mask: Tensor, full: tuple[int, int, int, int]) -> Tensor:
        """The mask with four dimensions, checked against the full ``(B, H, T, S)``."""
        four = mask.unsqueeze(1) if mask.ndim == 3 else mask[(None,) * max(0, 4 - mask.ndim)]
        fits = (
            mask.ndim in (2, 3, 4)
            and four.shape[-1] == full[-1]
            and all(side in (1, whole) for side, whole in zip(four.shape, full, strict=True))
        )
        if not fits:
            raise InputError(
                f"a mask must be (queries, keys) = {full[2:]}, (batch, queries, keys) = {(full[0], *full[2:])} "
                f"or (batch, heads, queries, keys) = {full}, got {tuple(mask.shape)}"
            )
        if mask.dtype != torch.bool and not mask.is_floating_point():
            raise InputError(
                f"a mask must be boolean (True: look) or hold numbers to add, got {mask.dtype}: convert it with .bool()"
            )
        return four

    def _joined(self, mixed_BHTD: Tensor) -> Tensor:
        return self.out_proj(mixed_BHTD.transpose(1, 2).flatten(2))  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        return f"width={self.width}, heads={self.heads}, dropout={self.dropout}"


def attend(
    q_BHTD: Tensor, k_BHSD: Tensor, v_BHSD: Tensor, mask: Tensor | None = None, *, dropout: float = 0.0
) -> tuple[Tensor, Tensor]:
    """Attention step by step, for those who want to see the weights.

    Source: Vaswani et al. 2017, arXiv:1706.03762, eq. 1.

    Args:
        q_BHTD: queries.
        k_BHSD: keys.
        v_BHSD: values.
        mask: boolean (True: look) or numbers to add, broadcast to ``(B, H, T, S)``.
        dropout: chance that a weight is left out.

    Returns:
        What ``F.scaled_dot_product_attention`` returns, ``(B, H, T, D)``, and the weights ``(B, H, T, S)`` before
        dropout. The weights of a query that may look at nothing are zero.

    >>> mixed, weights = attend(torch.zeros(1, 1, 2, 4), torch.rand(1, 1, 2, 4), torch.ones(1, 1, 2, 4))
    >>> weights.tolist()
    [[[[0.5, 0.5], [0.5, 0.5]]]]
    """
    score_BHTS = q_BHTD @ k_BHSD.mT / math.sqrt(q_BHTD.shape[-1])
    if mask is None:
        weights_BHTS = score_BHTS.softmax(dim=-1)
    else:
        forbidden = ~mask if mask.dtype == torch.bool else mask == -math.inf
        if mask.dtype != torch.bool:
            score_BHTS = score_BHTS + mask
        # Filled twice: a row of nothing but -inf has no softmax, and neither its NaN nor their gradient may get out.
        weights_BHTS = score_BHTS.masked_fill(forbidden, -math.inf).softmax(dim=-1).masked_fill(forbidden, 0.0)
    return F.dropout(weights_BHTS, dropout) @ v_BHSD, weights_BHTS


def _both(mask: Tensor, allowed: Tensor) -> Tensor:
    """A mask that forbids what either of the two forbids."""
    return mask & allowed if mask.dtype == torch.bool else mask.masked_fill(~allowed, -math.inf)
