"""A text as windows of symbols, to predict the next one from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from burnish.common.errors import InputError
from burnish.data.data import Data
from burnish.data.options import DataOptions
from burnish.data.schema import Schema
from burnish.data.source import Source

UNKNOWN = "\ufffd"
"""Stands for every symbol that the training part does not have."""
VALIDATION = 0.1
"""Default share for validation: the stretch after training."""
TEST = 0.1
"""Default share for the test: the end of the text."""


class TextSource(Source):
    """Windows of a sequence of symbol codes: sample ``i`` is ``codes[i * L : i * L + L]``, its target one symbol later.

    Args:
        codes: ``(symbols,)``, any integer type; samples come out as int64.
        length: symbols per window, ``L``. What is left over after the last whole window is not used.

    >>> TextSource(torch.arange(6), 2).gather(torch.tensor([1]))
    (tensor([[2, 3]]), tensor([[3, 4]]))
    """

    in_memory = True

    def __init__(self, codes: Tensor, length: int) -> None:
        self.codes = codes
        self.length = length

    def __len__(self) -> int:
        return max(0, (len(self.codes) - 1) // self.length)

    def gather(self, index: Tensor) -> tuple[Any, Any]:
        """The chosen windows, ``(batch, L)`` each."""
        windows = self.codes.unfold(0, self.length + 1, self.length)[index.to(self.codes.device)].long()
        return windows[:, :-1].contiguous(), windows[:, 1:].contiguous()

    def to(self, device: torch.device) -> Source:
        """The same windows, held on a device."""
        return TextSource(self.codes.to(device), self.length)

    def describe(self, index: int) -> str:
        """Where the window lies in its split."""
        return f"symbols {index * self.length} to {(index + 1) * self.length - 1}"


def load_text(path: Path, options: DataOptions, seed: int = 0) -> Data:
    """Read a UTF-8 text as a character language model's data.

    The splits are stretches, training first, so that no window is half seen. The vocabulary is that of the training
    stretch, with one entry for unknown symbols only where a later stretch has some. Nothing is random, so ``seed`` has
    no effect.

    Raises:
        InputError: the file is empty, too short for its windows, or not UTF-8, or a share is out of range.
    """
    length = options.sequence_length
    if length < 1:
        raise InputError(f"sequence_length must be at least 1, got {length}")
    shares = [
        VALIDATION if options.validation is None else options.validation,
        TEST if options.test is None else options.test,
    ]
    if any(not 0 <= share < 1 for share in shares) or sum(shares) >= 1:
        raise InputError(
            f"shares held out must lie in [0, 1) and leave text to train on, "
            f"got validation={shares[0]} and test={shares[1]}"
        )
    text = _read(path)
    sizes = [round(share * len(text)) for share in shares]
    sizes = [len(text) - sum(sizes), *sizes]
    for name, size in zip(("training", "validation", "test"), sizes, strict=True):
        if size <= length and (size or name == "training"):
            raise InputError(
                f"the {name} part of {path} has {size} symbols, too few for one window of {length} and the symbol after"
                " it: give more text, a smaller sequence_length or other shares"
            )
    symbols = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    known = np.unique(symbols[: sizes[0]])
    vocabulary = [chr(symbol) for symbol in known]
    codes = np.searchsorted(known, symbols).astype(np.int32)
    strange = known[np.minimum(codes, len(known) - 1)] != symbols
    if strange.any():
        if UNKNOWN not in vocabulary:
            vocabulary.append(UNKNOWN)
        codes[strange] = vocabulary.index(UNKNOWN)
    train, validation, test = torch.from_numpy(codes).split_with_sizes(sizes)
    schema = Schema("text", "language-modelling", (length,), vocabulary=tuple(vocabulary))
    return Data(
        path.stem,
        schema,
        TextSource(train, length),
        TextSource(validation, length),
        TextSource(test, length),
        origin=str(path.absolute()),
        notes=(f"{len(text)} characters, {len(vocabulary)} symbols in the vocabulary",),
    )


def _read(path: Path) -> str:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text: byte {error.start} cannot be read; convert it first") from None
    if not text:
        raise InputError(f"{path} is empty: a text is expected")
    return text


def encode(text: str, vocabulary: Sequence[str]) -> Tensor:
    """Codes ``(len(text),)`` of the symbols of a text.

    Raises:
        InputError: a symbol is not in the vocabulary, which has no entry for unknown ones either.

    >>> encode("ba", ("a", "b")).tolist()
    [1, 0]
    """
    codes = {symbol: code for code, symbol in enumerate(vocabulary)}
    fallback = codes.get(UNKNOWN)
    found = [codes.get(symbol, fallback) for symbol in text]
    if None in found:
        strange = text[found.index(None)]
        raise InputError(f"the symbol {strange!r} is not in the vocabulary of {len(codes)} symbols: use those it has")
    return torch.tensor(found, dtype=torch.int64)


def decode(codes: Tensor, vocabulary: Sequence[str]) -> str:
    """The text of symbol codes ``(length,)``.

    >>> decode(torch.tensor([1, 0]), ("a", "b"))
    'ba'
    """
    return "".join(vocabulary[code] for code in codes.tolist())
