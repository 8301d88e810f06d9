"""Random numbers that belong to a sample: pure functions of seed, epoch and the sample's number."""

from __future__ import annotations

import functools
import math

import torch
from torch import Tensor

from burnish.common.seeding import derive_seed

_STEP = -7046029254386353131  # 0x9E3779B97F4A7C15, the odd number next to 2^64 / golden ratio
_FIRST = -4658895280553007687  # 0xBF58476D1CE4E5B9
_SECOND = -7723592293110705685  # 0x94D049BB133111EB


class Draws:
    """Uniform numbers for the samples of a batch, the same whatever the batch, the process or the order.

    A hash of (seed, epoch, sample, name, position) instead of a generator: any number can be had without those before
    it, for a whole batch at once. Source: Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators",
    section 3 (the finaliser of SplitMix64).

    Args:
        seed: the user's seed.
        epoch: number of the epoch.
        index: the samples, ``(batch,)`` int64.

    >>> whole = Draws(0, 3, torch.tensor([7, 8])).uniform("rotate", 2)
    >>> alone = Draws(0, 3, torch.tensor([8])).uniform("rotate", 2)
    >>> torch.equal(whole[1:], alone)
    True
    """

    def __init__(self, seed: int, epoch: int, index: Tensor) -> None:
        self._seed = seed
        self._epoch = epoch
        self._samples = _mix(index.cpu() * _STEP + derive_seed(seed, "augment", epoch))

    def __len__(self) -> int:
        return len(self._samples)

    def uniform(self, name: str, count: int = 1) -> Tensor:
        """Numbers in [0, 1), ``(batch, count)`` float64.

        Args:
            name: what they are for; other names give independent numbers.
            count: how many for each sample.
        """
        mixed: Tensor = _mix(self._samples[:, None] ^ _positions(name, count))
        return (mixed >> 11 & ((1 << 53) - 1)).double() * 2.0**-53

    def between(self, name: str, low: float, high: float) -> Tensor:
        """A number in [low, high) for each sample, ``(batch,)``."""
        return low + (high - low) * self.uniform(name)[:, 0]

    def ratio(self, name: str, low: float, high: float) -> Tensor:
        """A factor in [low, high), uniform in its logarithm, so that twice and half are as likely, ``(batch,)``."""
        return torch.exp(self.between(name, math.log(low), math.log(high)))

    def normal(self, name: str, count: int = 1) -> Tensor:
        """Numbers of the standard normal distribution, ``(batch, count)`` float64."""
        normal: Tensor = torch.special.ndtri(self.uniform(name, count).clamp(min=2.0**-54))
        return normal

    def happens(self, name: str, probability: float) -> Tensor:
        """Whether something happens to each sample, ``(batch,)`` bool."""
        return self.uniform(f"{name}?")[:, 0] < probability

    def seeds(self, name: str) -> Tensor:
        """A seed for each sample, for more numbers than can be named, ``(batch,)`` int64, not negative."""
        return _mix(self._samples ^ derive_seed(1, name)) >> 1 & ((1 << 62) - 1)


@functools.lru_cache(maxsize=1024)
def _positions(name: str, count: int) -> Tensor:
    return _mix(torch.arange(1, count + 1) * _STEP + derive_seed(0, name))


def words(seeds: Tensor, count: int) -> Tensor:
    """Random 64-bit words from one seed a row, ``(len(seeds), count)`` int64, on the device of the seeds."""
    return _mix(seeds[:, None] + torch.arange(1, count + 1, device=seeds.device) * _STEP)


def _mix(bits: Tensor) -> Tensor:
    """64-bit words stirred, ``(*)`` int64; multiplication wraps around."""
    for shift, factor in ((30, _FIRST), (27, _SECOND)):
        bits = _folded(bits, shift).mul_(factor)
    return _folded(bits, 31)


def _folded(bits: Tensor, shift: int) -> Tensor:
    """``bits ^ (bits >> shift)``, where zeros come in from the left."""
    return (bits >> shift).bitwise_and_((1 << 64 - shift) - 1).bitwise_xor_(bits)
