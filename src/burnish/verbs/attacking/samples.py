"""The samples that are attacked, drawn at random from a split."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from burnish.common.errors import InputError
from burnish.common.seeding import generator
from burnish.data import Data, Source
from burnish.verbs.scoring.joined import Joined


@dataclass(frozen=True)
class Samples:
    """Inputs ``(N, *)``, their classes ``(N,)``, and what a person calls each of them."""

    inputs: Tensor
    labels: Tensor
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    def parted(self, count: int) -> tuple[Samples, Samples]:
        """The first ``count``, and the others."""
        return self._part(slice(None, count)), self._part(slice(count, None))

    def _part(self, chosen: slice) -> Samples:
        return Samples(self.inputs[chosen], self.labels[chosen], self.names[chosen])


def drawn(data: Data, split: str, count: int, seed: int, *, whole: bool) -> Samples:
    """Samples of a split at random, the same ones for the same seed; all where there are fewer.

    Args:
        data: for classification of images.
        split: its name, or ``all``.
        count: how many.
        seed: decides which.
        whole: whether ``all`` splits may be drawn from, which a model that learnt from some of them should not be.

    Raises:
        InputError: data of another kind, a number below 1, or an empty split.
    """
    schema = data.schema
    if schema.goal != "classification" or schema.kind != "image":
        raise InputError(
            f"attack works on classifiers of images so far, and {data.name} is {schema.kind} data for {schema.goal}"
        )
    if count < 1:
        raise InputError(f"samples must be at least 1, got {count}")
    source = _source(data, split, whole)
    random = generator(seed, "attacked samples")
    index = torch.randperm(len(source), generator=random)[:count]
    inputs, targets = source.gather(index)
    labels = targets.argmax(dim=1) if targets.ndim == 2 else targets
    return Samples(inputs, labels, tuple(source.describe(int(number)) for number in index))


def _source(data: Data, split: str, whole: bool) -> Source:
    if split != "all":
        return data.split(split)
    if not whole:
        raise InputError("--split all is for other data, given with --data: the run has learnt from most of its own")
    return Joined([data.train, data.validation, data.test])
