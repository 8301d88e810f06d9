"""Random changes of texts: symbols replaced in what a model reads, never in what it should predict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import torch
from torch import Tensor

from burnish.common.errors import InputError, did_you_mean
from burnish.data.augment.draws import Draws, words
from burnish.data.augment.operation import Operation
from burnish.data.augment.reading import read_operations
from burnish.data.schema import Schema
from burnish.data.source import Source

RANDOM = "random"
"""Stands for a symbol drawn anew for every place."""
_CHUNK = 2**20


@dataclass(frozen=True, eq=False)
class Frequencies:
    """What changes of texts need to know about the training split.

    Args:
        vocabulary: the symbols, in code order.
        below: share of the training split's symbols whose code is this one or a smaller one, ``(symbols,)`` float64.
    """

    vocabulary: tuple[str, ...]
    below: Tensor

    @classmethod
    def of(cls, schema: Schema, source: Source) -> Frequencies:
        """Count the symbols of the training split.

        Raises:
            InputError: the samples are no text.
        """
        if schema.kind != "text":
            raise InputError(
                f"symbols of texts can be changed by {', '.join(OPERATIONS)}, but this is {schema.kind} data"
            )
        counts = torch.zeros(len(schema.vocabulary), dtype=torch.float64)
        step = max(1, _CHUNK // schema.input_shape[0])
        for start in range(0, len(source), step):
            codes = source.gather(torch.arange(start, min(start + step, len(source))))[0]
            counts += torch.bincount(codes.flatten().cpu(), minlength=len(counts))
        return cls(schema.vocabulary, counts.cumsum(0) / counts.sum())

    def to(self, device: torch.device) -> Frequencies:
        """The same, held on a device."""
        return replace(self, below=self.below.to(device))


@dataclass(frozen=True, kw_only=True)
class SymbolOperation(Operation):
    """Changes symbols; targets stay."""

    def check(self, vocabulary: tuple[str, ...]) -> None:
        """Refuse a vocabulary that this cannot work on."""

    def change(self, draws: Draws, slot: str, codes: Tensor, frequencies: Frequencies) -> Tensor:
        """New codes ``(batch, length)`` for all samples, happening or not; the given ones are not changed.

        Args:
            draws: the samples' random numbers.
            slot: name of this operation among the others.
            codes: int64, ``(batch, length)``.
            frequencies: of the training split, on the device of the codes.
        """
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class TokenDropout(SymbolOperation):
    """Replace symbols of the input, so that a model cannot rely on any single one.

    Source: Xie et al. 2017, "Data noising as smoothing in neural network language models", arXiv:1703.02573,
    section 3.1: unigram noising where the replacement is random, blank noising where it is a symbol.

    Args:
        share: chance of each symbol to be replaced.
        replacement: "random" draws from the training split's symbols, each as likely as it is frequent there, so that
            some stay what they were; or a symbol of the vocabulary.

    Raises:
        InputError: a share outside [0, 1].
    """

    share: float = 0.1
    replacement: str = RANDOM
    name: ClassVar[str] = "token-dropout"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.share <= 1:
            raise InputError(
                f"share of {self.name} must lie in [0, 1], got {self.share}: it is the chance that a symbol is replaced"
            )

    def check(self, vocabulary: tuple[str, ...]) -> None:
        """Refuse a replacement that the vocabulary does not have.

        Raises:
            InputError: such a replacement.
        """
        if self.replacement != RANDOM and self.replacement not in vocabulary:
            raise InputError(
                f"{self.name} cannot put {self.replacement!r}, which is not in the vocabulary of {len(vocabulary)} "
                f"symbols{did_you_mean(self.replacement, [RANDOM])}: take one that is, or '{RANDOM}'"
            )

    def change(self, draws: Draws, slot: str, codes: Tensor, frequencies: Frequencies) -> Tensor:
        replaced = _uniform(draws, slot, codes) < self.share
        if self.replacement != RANDOM:
            return codes.masked_fill(replaced, frequencies.vocabulary.index(self.replacement))
        drawn = torch.searchsorted(frequencies.below, _uniform(draws, f"{slot}.symbol", codes), right=True)
        return torch.where(replaced, drawn, codes)


def _uniform(draws: Draws, name: str, like: Tensor) -> Tensor:
    """A number in [0, 1) for every place, ``(batch, length)`` float64, on the device of ``like``."""
    drawn = words(draws.seeds(name).to(like.device), like.shape[1])
    return (drawn >> 11 & ((1 << 53) - 1)).double() * 2.0**-53


@dataclass(frozen=True)
class SymbolAugmentation:
    """A list of random operations on texts, one after the other; prepare it with the training split before use.

    What happens to a window depends on (seed, epoch, its number) alone.

    >>> from burnish.data.text import TextSource
    >>> schema = Schema("text", "language-modelling", (1,), vocabulary=("a", "b"))
    >>> dropout = SymbolAugmentation((TokenDropout(share=1.0, replacement="b"),))
    >>> blank = dropout.prepared(schema, TextSource(torch.tensor([0, 1]), 1))
    >>> blank.batch(torch.tensor([[0, 1]]), Draws(0, 0, torch.tensor([0]))).tolist()
    [[1, 1]]
    """

    operations: tuple[SymbolOperation, ...] = ()
    frequencies: Frequencies | None = None

    def __bool__(self) -> bool:
        return bool(self.operations)

    def prepared(self, schema: Schema, source: Source) -> SymbolAugmentation:
        """The same operations with what they need to know.

        Args:
            schema: that of the data.
            source: the training split, as it is before any change.

        Raises:
            InputError: the samples are no text, or the vocabulary lacks a symbol that an operation puts in.
        """
        frequencies = Frequencies.of(schema, source)
        for operation in self.operations:
            operation.check(schema.vocabulary)
        return replace(self, frequencies=frequencies)

    def to(self, device: torch.device) -> SymbolAugmentation:
        """The same, for texts on a device."""
        return replace(self, frequencies=self.frequencies.to(device) if self.frequencies else None)

    def batch(self, codes: Tensor, draws: Draws) -> Tensor:
        """Changed codes ``(batch, length)``; the given ones stay as they are.

        Raises:
            InputError: it was not prepared.
        """
        if self.frequencies is None:
            raise InputError("changes of texts need the training split: prepare the augmentation with it first")
        for number, operation in enumerate(self.operations):
            slot = f"{number}.{operation.name}"
            changed = operation.change(draws, slot, codes, self.frequencies)
            codes = torch.where(operation.happens(draws, slot).to(codes.device)[:, None], changed, codes)
        return codes

    def to_list(self) -> list[dict[str, object]]:
        """The operations as plain data, for a run's config."""
        return [operation.to_dict() for operation in self.operations]


OPERATIONS: dict[str, type[SymbolOperation]] = {kind.name: kind for kind in (TokenDropout,)}
"""What can happen to texts, by name."""


def parse_symbols(spec: str | Sequence[str | Mapping[str, Any]]) -> SymbolAugmentation:
    """An augmentation of texts from what a recipe or the command line says, not prepared yet.

    Args:
        spec: names with commas between, or a list of names and of tables with a name and fields.

    Raises:
        InputError: a name or field is unknown, or a value cannot be.

    >>> parse_symbols("token-dropout").operations
    (TokenDropout(probability=1.0, share=0.1, replacement='random'),)
    """
    return SymbolAugmentation(read_operations(spec, OPERATIONS))
