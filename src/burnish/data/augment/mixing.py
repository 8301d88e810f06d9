"""Two samples mixed into one, and their targets with them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from burnish.common.errors import InputError
from burnish.data.augment.draws import Draws
from burnish.data.augment.operation import Operation
from burnish.data.schema import Schema

_LEAVE = "leave it out"


@dataclass(frozen=True, kw_only=True)
class Mixer(Operation):
    """Puts some of a partner into a sample.

    Args:
        alpha: both parameters of the Beta distribution that the share a sample keeps is drawn from.

    Raises:
        InputError: an alpha that is not positive.
    """

    alpha: float = 1.0
    cuts: ClassVar[bool] = False
    """True where every pixel comes from one or the other: images alone can be cut, and only classes shared by area."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.alpha < float("inf"):
            raise InputError(f"alpha of {self.name} must be a positive number, got {self.alpha}")

    def put(self, inputs: Tensor, partners: Tensor, draws: Draws, slot: str, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """New inputs, and how much of each is its partner's, ``(batch,)`` float64 on the CPU.

        Args:
            inputs: ``(batch, *)``; they are not changed themselves.
            partners: as many, of the same shape.
            draws: the samples' random numbers.
            slot: name of this operation among the others.
            chosen: which samples it happens to, ``(batch,)`` bool.
        """
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Mixup(Mixer):
    """The weighted mean of two samples.

    Source: Zhang, Cisse, Dauphin and Lopez-Paz 2018, "mixup: Beyond empirical risk minimization", arXiv:1710.09412,
    section 2. The weight follows Beta(alpha, alpha) as there, but every sample draws its own, not every batch.

    Args:
        alpha: 0.1 to 0.4 in the paper; larger mixes more.
    """

    alpha: float = 0.2
    name: ClassVar[str] = "mixup"

    def put(self, inputs: Tensor, partners: Tensor, draws: Draws, slot: str, chosen: Tensor) -> tuple[Tensor, Tensor]:
        theirs = (1 - symmetric_beta(draws, slot, self.alpha)).where(chosen, 0.0)
        weight = theirs.to(inputs).view(-1, *[1] * (inputs.ndim - 1))
        return torch.lerp(inputs, partners, weight), theirs  # eq. 1


@dataclass(frozen=True, kw_only=True)
class CutMix(Mixer):
    """A box of another image pasted in, with as much of the other label as the box has of the area.

    Source: Yun et al. 2019, "CutMix: Regularization strategy to train strong classifiers with localizable features",
    arXiv:1905.04899, section 3.1. The centre of the box is uniform, so part of it may lie outside; the label counts
    the pixels that were pasted. Every sample draws its own box, not every batch.

    Args:
        alpha: 1 in the paper.
    """

    name: ClassVar[str] = "cutmix"
    cuts: ClassVar[bool] = True

    def put(self, inputs: Tensor, partners: Tensor, draws: Draws, slot: str, chosen: Tensor) -> tuple[Tensor, Tensor]:
        height, width = inputs.shape[2:]
        side = (1 - symmetric_beta(draws, slot, self.alpha)).sqrt()  # eq. 2
        centre = draws.uniform(f"{slot}.centre", 2)
        top, bottom = _edges(centre[:, 0], side, height)
        left, right = _edges(centre[:, 1], side, width)
        down, across = _inside(top, bottom, height), _inside(left, right, width)
        box = down[:, None, :, None] & across[:, None, None, :] & chosen[:, None, None, None]
        theirs = ((bottom - top) * (right - left) / (height * width)).where(chosen, 0.0)
        return torch.where(box.to(inputs.device), partners, inputs), theirs  # eq. 1


@dataclass(frozen=True)
class Mixing:
    """Operations of which each sample undergoes one: any of them is as likely, and happens with its own probability.

    Args:
        operations: what may happen.

    >>> mixing = Mixing((Mixup(alpha=1.0),))
    >>> images, draws = torch.rand(2, 1, 4, 4), Draws(0, 0, torch.tensor([0, 1]))
    >>> _, targets = mixing.mix(images, torch.tensor([0, 1]), images.flip(0), torch.tensor([1, 0]), draws, 2)
    >>> targets.sum(dim=1).tolist()
    [1.0, 1.0]
    """

    operations: tuple[Mixer, ...] = ()

    @classmethod
    def among(cls, operations: Iterable[Operation]) -> Mixing:
        """Those of a list that mix; others change a sample on its own, before it is mixed."""
        return cls(tuple(operation for operation in operations if isinstance(operation, Mixer)))

    def __bool__(self) -> bool:
        return bool(self.operations)

    def check(self, schema: Schema) -> None:
        """Refuse data whose samples or targets cannot be mixed.

        Raises:
            InputError: such data.
        """
        for operation in self.operations:
            if schema.kind != "image" and operation.cuts:
                raise InputError(f"{operation.name} cuts boxes out of images, but this is {schema.kind} data: {_LEAVE}")
            if schema.kind == "text":
                raise InputError(f"{operation.name} takes means of numbers, but these samples are symbols: {_LEAVE}")
            mixed = [column.name for column in schema.columns if column.kind == "categorical"]
            if mixed:
                raise InputError(
                    f"{operation.name} takes means of numbers, but column '{mixed[0]}' holds categories: take row-swap"
                )
            gaps = [column.name for column in schema.columns if column.missing]
            if gaps:
                raise InputError(
                    f"{operation.name} takes means of numbers, but column '{gaps[0]}' has missing values: take row-swap"
                )
            if schema.goal == "regression" and operation.cuts:
                raise InputError(f"{operation.name} shares classes by area, but the target is a number: take mixup")
            if schema.goal not in ("classification", "regression"):
                raise InputError(f"{operation.name} mixes classes and numbers, but the goal is {schema.goal}: {_LEAVE}")

    def partners(self, draws: Draws, count: int) -> Tensor:
        """The number of another sample for each to mix with, ``(batch,)`` int64: any of the split, as likely.

        A draw for each sample instead of a shuffled batch: the partner then depends on (seed, epoch, sample) alone. A
        sample may meet itself, once in ``count`` times, which leaves it as it is.

        Args:
            draws: the samples' random numbers.
            count: samples in the split.
        """
        return (draws.uniform("mixing.partner")[:, 0] * count).long().clamp(max=count - 1)

    def mix(
        self,
        inputs: Tensor,
        targets: Any,
        partner_inputs: Tensor,
        partner_targets: Any,
        draws: Draws,
        classes: int,
    ) -> tuple[Tensor, Tensor]:
        """Mix every sample with its partner.

        Args:
            inputs: floats, ``(batch, *)``; not changed themselves.
            targets: class labels ``(batch,)``, probabilities ``(batch, classes)``, or any numbers for regression.
            partner_inputs: the samples that :meth:`partners` names.
            partner_targets: their targets.
            draws: random numbers of the samples, not of their partners.
            classes: how many there are; 0 where targets are numbers.

        Returns:
            Mixed inputs ``(batch, *)``, and their targets: probabilities ``(batch, classes)``, or numbers.

        Raises:
            InputError: inputs or targets that cannot be mixed.
        """
        if not inputs.is_floating_point() or inputs.shape != partner_inputs.shape:
            raise InputError(
                "samples are mixed as floats of one shape, got "
                f"{_described(inputs)} and {_described(partner_inputs)}: crop or resize them to one size first"
            )
        theirs = torch.zeros(len(draws), dtype=torch.float64)
        which = (draws.uniform("mixing.which")[:, 0] * len(self.operations)).long()
        for number, operation in enumerate(self.operations):
            if operation.cuts and (inputs.ndim != 4 or not classes):
                raise InputError(
                    f"{operation.name} needs images (batch, C, H, W) with classes, got {_described(inputs)}"
                    f"{' with numbers as targets' if not classes else ''}: take mixup"
                )
            slot = f"{number}.{operation.name}"
            chosen = operation.happens(draws, slot) & (which == number)
            inputs, share = operation.put(inputs, partner_inputs, draws, slot, chosen)
            theirs += share
        own, other = (_as_numbers(given, classes) for given in (targets, partner_targets))
        weight = theirs.to(own).view(-1, *[1] * (own.ndim - 1))
        return inputs, torch.lerp(own, other, weight)


def symmetric_beta(draws: Draws, name: str, alpha: float) -> Tensor:
    """Numbers of the distribution Beta(alpha, alpha), ``(batch,)`` float64 in [0, 1].

    X / (X + Y) for two of a gamma distribution. Source: Marsaglia and Tsang 2000, "A simple method for generating
    gamma variables", ACM Transactions on Mathematical Software 26(3), sections 2 and 6, in logarithms, as small shapes
    underflow. A try that is refused, at most one in twenty, is made again with numbers of its own name.

    Args:
        draws: the samples' random numbers.
        name: what they are for.
        alpha: positive; below 1 most numbers lie near 0 or 1.
    """
    scale = alpha + 1 - 1 / 3
    found = torch.zeros(len(draws), 2, dtype=torch.float64)
    missing = torch.ones_like(found, dtype=torch.bool)
    tries = 0
    while bool(missing.any()):
        normal = draws.normal(f"{name}.normal.{tries}", 2)
        cube = (1 + normal / (9 * scale) ** 0.5) ** 3
        logarithm = cube.clamp(min=2.0**-60).log()
        level = draws.uniform(f"{name}.level.{tries}", 2).clamp(min=2.0**-54).log()
        accepted = (cube > 0) & (level < normal.square() / 2 + scale * (1 - cube + logarithm))
        found = torch.where(missing & accepted, logarithm, found)
        missing &= ~accepted
        tries += 1
    found += draws.uniform(f"{name}.boost", 2).clamp(min=2.0**-54).log() / alpha
    return torch.sigmoid(found[:, 0] - found[:, 1])


def _edges(centre: Tensor, side: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """First pixel of a box and the first after it, ``(batch,)`` each, clipped to the image."""
    start, stop = (centre - side / 2) * size, (centre + side / 2) * size
    return start.round().clamp(0, size), stop.round().clamp(0, size)


def _inside(start: Tensor, stop: Tensor, size: int) -> Tensor:
    position = torch.arange(size)
    return (position >= start[:, None]) & (position < stop[:, None])


def _as_numbers(targets: Any, classes: int) -> Tensor:
    """Probabilities ``(batch, classes)`` of labels; floats stay."""
    if not isinstance(targets, Tensor):
        raise InputError(
            f"classes and numbers can be mixed, targets such as masks and boxes ({_described(targets)}) cannot: "
            "leave mixing out"
        )
    if not classes:
        return targets if targets.is_floating_point() else targets.float()
    if targets.ndim == 1 and not targets.is_floating_point():
        return F.one_hot(targets, classes).float()
    if targets.is_floating_point() and targets.shape[1:] == (classes,):
        return targets
    raise InputError(
        f"mixing needs labels (batch,) or probabilities (batch, {classes}), got {_described(targets)}: "
        "leave it out for masks and boxes"
    )


def _described(given: Any) -> str:
    if isinstance(given, Tensor):
        return f"{str(given.dtype).removeprefix('torch.')} {tuple(given.shape)}"
    return type(given).__name__


OPERATIONS: dict[str, type[Mixer]] = {kind.name: kind for kind in (Mixup, CutMix)}
"""What mixes, by name."""
