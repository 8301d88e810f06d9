"""Shares of the data that training does not see: seeded, and fair to every class."""

from __future__ import annotations

import torch
from torch import Tensor

from burnish.common.errors import InputError
from burnish.common.seeding import generator
from burnish.data.options import DataOptions
from burnish.data.source import Source, Subset

VALIDATION = 0.1
"""Default share for validation."""
TEST = 0.2
"""Default share for the test."""


def split_indices(count: int, *shares: float, seed: int, labels: Tensor | None = None) -> tuple[Tensor, ...]:
    """Divide samples at random: what is left for training, then one part per share.

    With labels every part holds its share of every class, to rounding, and every class keeps a training sample. A share
    above 0 gets at least one sample where two are there to divide. The answer is a function of the arguments alone.

    Args:
        count: number of samples.
        shares: parts of the whole, each in [0, 1), less than 1 together.
        seed: the user's seed.
        labels: class of each sample, ``(count,)``.

    Returns:
        Sample numbers, sorted: ``(train, part of the first share, ...)``.

    Raises:
        InputError: a share is out of range, or there are no samples or not one label a sample.

    >>> train, validation, test = split_indices(10, 0.1, 0.2, seed=0)
    >>> len(train), len(validation), len(test)
    (7, 1, 2)
    """
    for share in shares:
        if not 0 <= share < 1:
            raise InputError(f"a share of the data must lie in [0, 1), got {share}: 0.1 holds out one sample in ten")
    if sum(shares) >= 1:
        raise InputError(f"the shares held out, {' + '.join(map(str, shares))}, leave nothing to train on: give less")
    if count == 0:
        raise InputError("there are no samples to split")
    if labels is None:
        groups = [torch.arange(count)]
    else:
        if len(labels) != count:
            raise InputError(f"{count} samples came with {len(labels)} labels to split by: one a sample is expected")
        groups = _by_class(labels.cpu().long())
    rng = generator(seed, "split")
    groups = [group[torch.randperm(len(group), generator=rng)] for group in groups]
    sizes = torch.tensor([len(group) for group in groups], dtype=torch.float64)
    taken = torch.zeros(len(groups), dtype=torch.int64)
    parts = []
    for share in shares:
        wanted = 0 if share == 0 else max(1, round(share * count))
        amounts = _apportion(wanted, sizes * share, sizes.long() - 1 - taken)
        chosen = [g[t : t + a] for g, t, a in zip(groups, taken.tolist(), amounts.tolist(), strict=True)]
        parts.append(torch.cat(chosen).sort().values)
        taken += amounts
    rest = torch.cat([g[t:] for g, t in zip(groups, taken.tolist(), strict=True)]).sort().values
    return (rest, *parts)


def _by_class(labels: Tensor) -> list[Tensor]:
    sizes = torch.bincount(labels - labels.min())
    return list(labels.argsort(stable=True).split_with_sizes(sizes[sizes > 0].tolist()))


def _apportion(wanted: int, quota: Tensor, room: Tensor) -> Tensor:
    """Whole numbers near ``quota`` that sum to ``wanted``, none above ``room``: the method of largest remainders."""
    amounts = quota.floor().long().minimum(room)
    while int(amounts.sum()) < wanted and bool((amounts < room).any()):
        lacking = torch.where(amounts < room, quota - amounts, -torch.inf)
        best = lacking.argsort(descending=True, stable=True)[: wanted - int(amounts.sum())]
        amounts[best[amounts[best] < room[best]]] += 1
    return amounts


def complete_splits(given: dict[str, Source], options: DataOptions, seed: int) -> tuple[Source, Source, Source]:
    """Train, validation and test, with the parts that the data does not have taken out of ``train``.

    Args:
        given: ``train``, and ``validation`` and ``test`` where the data has them.
        options: the shares; a share of 0 leaves that split empty.
        seed: the user's seed.

    Raises:
        InputError: a share is given for a split that the data has itself, or a share is out of range.
    """
    missing = [name for name in ("validation", "test") if name not in given]
    shares = {"validation": options.validation, "test": options.test}
    for name, share in shares.items():
        if share is not None and name not in missing:
            raise InputError(f"the data has a {name} split of its own: leave out {name}={share}")
    defaults = {"validation": VALIDATION, "test": TEST}
    amounts = [defaults[name] if (share := shares[name]) is None else share for name in missing]
    train = given["train"]
    if not missing:
        return train, given["validation"], given["test"]
    rest, *parts = split_indices(len(train), *amounts, seed=seed, labels=train.labels())
    whole = given | {name: Subset(train, index) for name, index in zip(missing, parts, strict=True)}
    return Subset(train, rest), whole["validation"], whole["test"]
