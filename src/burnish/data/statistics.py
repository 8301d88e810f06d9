"""Mean and standard deviation of a training split, for the model's input layer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from burnish.common.errors import InputError
from burnish.common.seeding import generator
from burnish.data.data import Data
from burnish.data.source import Source

_CHUNK_BYTES = 4 * 2**20
"""Samples that are gathered at once take at most this much, and a few times as much in double precision."""


@dataclass(frozen=True, eq=False)
class Statistics:
    """Mean and standard deviation per channel ``(C,)``, feature or column ``(features,)``; float32, std never 0."""

    mean: Tensor
    std: Tensor


def statistics(data: Data) -> Statistics | None:
    """What the input layer of a model for this data needs, from the training split; None for text.

    >>> from burnish.data import Schema, TensorSource
    >>> split = TensorSource(torch.tensor([[1.0], [3.0]]))
    >>> found = statistics(Data("two", Schema("points", "generation", (1,)), split, split, split))
    >>> found.mean.tolist(), found.std.tolist()
    ([2.0], [1.0])
    """
    if data.schema.kind == "image":
        return image_statistics(data.train)
    if data.schema.kind == "table":
        return table_statistics(data.train)
    if data.schema.kind == "points":
        return vector_statistics(data.train)
    return None


def image_statistics(source: Source, limit: int = 10_000) -> Statistics:
    """Per channel, over all pixels of at most ``limit`` images, chosen by a fixed seed."""
    if len(source) <= limit:
        index = torch.arange(len(source))
    else:
        index = torch.randperm(len(source), generator=generator(0, "statistics"))[:limit].sort().values
    return _over_samples(inputs.transpose(0, 1).flatten(1).T for inputs in _inputs(source, index))


def vector_statistics(source: Source) -> Statistics:
    """Per feature, over all samples."""
    return table_statistics(source)


def table_statistics(source: Source) -> Statistics:
    """Per column, over the values that are not missing (NaN); a column without values gets mean 0 and std 1."""
    return _over_samples(inputs.flatten(1) for inputs in _inputs(source, torch.arange(len(source))))


def _inputs(source: Source, index: Tensor) -> Iterator[Tensor]:
    if len(index) == 0:
        raise InputError("the training split is empty: there is nothing to take statistics of")
    sample: Tensor = source.gather(index[:1])[0]
    count = max(1, _CHUNK_BYTES // max(sample.nbytes, 1))
    for start in range(0, len(index), count):
        yield source.gather(index[start : start + count])[0]


def _over_samples(chunks: Iterator[Tensor]) -> Statistics:
    """Merge the chunks' counts, means and squared deviations; the sum of squares alone would cancel on large means.

    Source: Chan, Golub and LeVeque 1983, "Algorithms for computing the sample variance", eq. 2.1.
    """
    count = mean = squares = torch.zeros((), dtype=torch.float64)
    for chunk in chunks:
        values = chunk.to("cpu", torch.float64)
        present = ~values.isnan()
        added = present.sum(0)
        chunk_mean = values.nan_to_num(0.0).sum(0) / added.clamp(min=1)
        chunk_squares = torch.where(present, values - chunk_mean, 0.0).square().sum(0)
        total = count + added
        shift = chunk_mean - mean
        share = added / total.clamp(min=1)
        squares = squares + chunk_squares + shift.square() * count * share
        mean = mean + shift * share
        count = total
    std = (squares / count.clamp(min=1)).sqrt()
    # A constant column keeps its scale; rounding must not turn it into a huge one.
    constant = std <= 1e-9 * mean.abs()
    return Statistics(mean.float(), torch.where(constant, 1.0, std).float())
