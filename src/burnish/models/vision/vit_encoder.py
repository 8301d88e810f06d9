"""The encoder of the vision transformer."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn

from burnish.layers.attention import MultiHeadAttention
from burnish.layers.stochastic_depth import StochasticDepth
from burnish.layers.undrawn import undrawn


class EncoderBlock(nn.Module):
    """Attention, then two layers for each token alone; both normalise first and are added to what came in.

    Source: Dosovitskiy et al. 2020, arXiv:2010.11929, eq. 2 and 3.
    """

    def __init__(self, width: int, heads: int, hidden: int, dropout: float, survival: float) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(width, eps=1e-6)
        self.self_attention = MultiHeadAttention(width, heads)
        self.dropout = nn.Dropout(dropout)
        self.ln_2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = nn.Sequential(
            undrawn(nn.Linear, width, hidden),
            nn.GELU(),
            nn.Dropout(dropout),
            undrawn(nn.Linear, hidden, width),
            nn.Dropout(dropout),
        )
        self.stochastic_depth = StochasticDepth(survival)
        for layer in self.mlp:
            if isinstance(layer, nn.Linear):
                nn.init.xavier_uniform_(layer.weight)
                nn.init.normal_(layer.bias, std=1e-6)

    def forward(self, x_BTW: Tensor) -> Tensor:
        return self._after_attention(x_BTW, self.self_attention(self.ln_1(x_BTW)))

    def with_weights(self, x_BTW: Tensor) -> tuple[Tensor, Tensor]:
        """The output, and the attention's weights ``(B, heads, T, T)``."""
        attended_BTW, weights = self.self_attention(self.ln_1(x_BTW), return_weights=True)
        return self._after_attention(x_BTW, attended_BTW), weights

    def _after_attention(self, x_BTW: Tensor, attended_BTW: Tensor) -> Tensor:
        x_BTW = x_BTW + self.stochastic_depth(self.dropout(attended_BTW))
        return x_BTW + self.stochastic_depth(self.mlp(self.ln_2(x_BTW)))  # type: ignore[no-any-return]


class Encoder(nn.Module):
    """Positions are added, then one block after the other."""

    def __init__(
        self, tokens: int, depth: int, width: int, heads: int, hidden: int, dropout: float, stochastic_depth: float
    ) -> None:
        super().__init__()
        self.pos_embedding = nn.Parameter(torch.empty(1, tokens, width).normal_(std=0.02))
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.Sequential(
            OrderedDict(
                (
                    f"encoder_layer_{number}",
                    EncoderBlock(width, heads, hidden, dropout, 1 - stochastic_depth * number / max(1, depth - 1)),
                )
                for number in range(depth)
            )
        )
        self.ln = nn.LayerNorm(width, eps=1e-6)

    def forward(self, x_BTW: Tensor) -> Tensor:
        return self.ln(self.layers(self.dropout(x_BTW + self.pos_embedding)))  # type: ignore[no-any-return]
