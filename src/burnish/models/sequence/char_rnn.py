"""Recurrent language models over characters (or any symbols)."""

from __future__ import annotations

from typing import Any, Literal

from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.models.registry import register

State = Any
_CELLS: dict[str, type[nn.LSTM] | type[nn.GRU]] = {"lstm": nn.LSTM, "gru": nn.GRU}


class CharRNN(nn.Module):
    """Predict the next symbol at every position, from the symbols before it.

    Source: the LSTM of Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000; the GRU of Cho et al.
    2014, arXiv:1406.1078, eq. 5-8.

    Args:
        vocabulary: number of symbols.
        cell: ``lstm`` or ``gru``.
        hidden: width of each recurrent layer.
        num_layers: recurrent layers on top of each other.
        dropout: chance that a unit between layers, or before the head, is left out.
        embedding: width of a symbol's vector; by default that of the hidden layers.

    Shape:
        tokens ``(batch, time)`` int64, to logits ``(batch, time, vocabulary)``.

    Raises:
        InputError: a width below 1, or dropout outside [0, 1).

    >>> import torch
    >>> CharRNN(65, hidden=16)(torch.zeros(2, 5, dtype=torch.int64)).shape
    torch.Size([2, 5, 65])
    """

    def __init__(
        self,
        vocabulary: int,
        cell: Literal["lstm", "gru"] = "lstm",
        hidden: int = 256,
        num_layers: int = 2,
        dropout: float = 0.0,
        embedding: int | None = None,
    ) -> None:
        super().__init__()
        width = hidden if embedding is None else embedding
        if min(hidden, num_layers, width) < 1:
            raise InputError(
                f"hidden, num_layers and embedding must be at least 1, got {hidden}, {num_layers} and {width}"
            )
        if not 0 <= dropout < 1:
            raise InputError(f"dropout must lie in [0, 1), got {dropout}: it is the chance that a unit is left out")
        self.embedding = nn.Embedding(vocabulary, width)
        between = dropout if num_layers > 1 else 0.0
        self.rnn = _CELLS[cell](width, hidden, num_layers, batch_first=True, dropout=between)
        self.drop = nn.Dropout(dropout)
        self.head = nn.Linear(hidden, vocabulary)

    def forward(self, tokens_BT: Tensor, state: State = None) -> Tensor:
        return self.step(tokens_BT, state)[0]

    def step(self, tokens_BT: Tensor, state: State = None) -> tuple[Tensor, State]:
        """Logits and the state after the last symbol, to go on from where this text ends.

        Args:
            tokens_BT: symbols, int64.
            state: what the last call returned, or None at the start of a text.

        Returns:
            Logits ``(batch, time, vocabulary)``, and the state: ``(layers, batch, hidden)``, for the LSTM a pair.
        """
        hidden_BTH, state = self.rnn(self.embedding(tokens_BT), state)
        return self.head(self.drop(hidden_BTH)), state


@register(
    "char-lstm",
    kinds=("text",),
    paper="Hochreiter and Schmidhuber 1997",
    summary="long short-term memory over characters",
)
def char_lstm(
    num_classes: int,
    in_channels: int,
    input_size: tuple[int, int] | None,
    hidden: int = 256,
    num_layers: int = 2,
    dropout: float = 0.0,
    embedding: int | None = None,
) -> nn.Module:
    """A language model of LSTM layers."""
    return CharRNN(num_classes, "lstm", hidden, num_layers, dropout, embedding)


@register(
    "char-gru",
    kinds=("text",),
    paper="Cho et al. 2014, arXiv:1406.1078",
    summary="gated recurrent units over characters",
)
def char_gru(
    num_classes: int,
    in_channels: int,
    input_size: tuple[int, int] | None,
    hidden: int = 256,
    num_layers: int = 2,
    dropout: float = 0.0,
    embedding: int | None = None,
) -> nn.Module:
    """A language model of GRU layers."""
    return CharRNN(num_classes, "gru", hidden, num_layers, dropout, embedding)
