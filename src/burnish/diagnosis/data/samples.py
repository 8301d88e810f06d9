"""The samples of all splits as one list: what each is called, where it is, its class, how it looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from burnish.data.data import Data
from burnish.data.source import Source
from burnish.diagnosis.data.finding import Example, Place

SPLITS = ("train", "validation", "test")
_CHUNK = 512


@dataclass(frozen=True)
class Samples:
    """All samples, train first, then validation, then test.

    Args:
        splits: index in ``SPLITS`` of each, ``(samples,)``.
        labels: class of each, -1 where it has none, ``(samples,)``.
        classes: class names in label order.
        name: what a person calls a sample.
        picture: the pixels of a sample, ``(height, width, 1 or 3)`` uint8, or None where it cannot be shown.
        unit: what one sample is called.
    """

    splits: NDArray[np.int8]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    name: Callable[[int], str]
    picture: Callable[[int], NDArray[np.uint8] | None] | None = None
    unit: str = "sample"

    def __len__(self) -> int:
        return len(self.splits)

    def counts(self) -> dict[str, int]:
        """Samples by split, splits without any left out."""
        found = np.bincount(self.splits, minlength=len(SPLITS))
        return {name: int(count) for name, count in zip(SPLITS, found, strict=True) if count}

    def place(self, number: int) -> Place:
        """One sample, for an example."""
        label = int(self.labels[number])
        return Place(
            self.name(number),
            SPLITS[self.splits[number]],
            self.classes[label] if 0 <= label < len(self.classes) else "",
            number if self.picture else None,
        )

    def example(self, *numbers: int, note: str = "") -> Example:
        """Samples that belong together."""
        return Example(tuple(self.place(int(number)) for number in numbers), note)


def samples_of(data: Data, unit: str = "sample") -> Samples:
    """The samples of loaded data.

    >>> from burnish.data.loading import load
    >>> samples_of(load("iris", test=0.2)).counts()
    {'train': 105, 'validation': 15, 'test': 30}
    """
    sources = [data.train, data.validation, data.test]
    sizes = [len(source) for source in sources]
    starts = np.cumsum([0, *sizes])

    def find(number: int) -> tuple[Source, int]:
        split = int(np.searchsorted(starts, number, side="right")) - 1
        return sources[split], number - int(starts[split])

    def name(number: int) -> str:
        source, inside = find(number)
        told = source.describe(inside)
        return told if told != f"sample {inside}" else f"{SPLITS[sources.index(source)]} {inside}"

    def picture(number: int) -> NDArray[np.uint8] | None:
        source, inside = find(number)
        image = source.gather(torch.tensor([inside]))[0][0]
        if image.ndim != 3 or image.shape[0] not in (1, 3):
            return None
        return np.asarray((image.cpu() * 255).round().to(torch.uint8).permute(1, 2, 0))

    return Samples(
        np.repeat(np.arange(3), sizes).astype(np.int8),
        np.concatenate([_labels(source) for source in sources]),
        data.schema.classes,
        name,
        picture if data.schema.kind == "image" else None,
        unit,
    )


def _labels(source: Source) -> NDArray[np.int64]:
    labels = source.labels() if len(source) else None
    if labels is None:
        return np.full(len(source), -1, np.int64)
    return labels.cpu().numpy().astype(np.int64)


def batches(data: Data) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float64]]]:
    """Inputs and targets of all samples, in the order of :func:`samples_of`, some at a time."""
    for source in (data.train, data.validation, data.test):
        for start in range(0, len(source), _CHUNK):
            inputs, targets = source.gather(torch.arange(start, min(start + _CHUNK, len(source))))
            yield inputs.cpu().numpy(), targets.cpu().numpy()
