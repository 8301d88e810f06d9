"""Which inputs every position of a map sees along one dimension, exactly, up- and downsampled any number of times."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

_LONGEST = 1024
"""Positions before the pattern repeats; beyond this nothing is claimed."""


@dataclass(frozen=True)
class Reach:
    """The first and the last input that position ``i`` sees, for every whole ``i``, borders left out of account.

    Both are periodic: ``len(low)`` positions further, everything lies ``step`` inputs further. A stack of
    convolutions has period 1; upsampling by two doubles the period.

    Attributes:
        axis: dimension of the image, counted after batch and channels.
        low: first input that positions 0, 1, ... see.
        high: last input that they see.
        step: inputs from one period to the next.

    >>> Reach(0).window(3, stride=2).window(3).size, Reach(0).window(3, stride=2).stride
    (7, 2)
    """

    axis: int
    low: tuple[int, ...] = (0,)
    high: tuple[int, ...] = (0,)
    step: int = 1

    @property
    def size(self) -> int:
        """Inputs that the position with the widest view sees, from the first to the last."""
        return max(high - low + 1 for low, high in zip(self.low, self.high, strict=True))

    @property
    def stride(self) -> float:
        """Inputs from one position to the next: whole after downsampling, below one after enlarging the image."""
        exact = Fraction(self.step, len(self.low))
        return exact.numerator if exact.denominator == 1 else float(exact)

    def window(self, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> Reach | None:
        """After a convolution or pooling."""
        last = dilation * (kernel - 1)
        return self._through(lambda i: (stride * i - padding, stride * i - padding + last), 1, stride)

    def transposed(self, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> Reach | None:
        """After a transposed convolution: ``i`` sees every ``k`` with ``i = stride k - padding + tap``."""
        if stride > 1 and dilation > 1:
            return None  # which taps meet an input differs from position to position
        last = dilation * (kernel - 1)
        return self._through(
            lambda i: (-((last - i - padding) // stride), (i + padding) // stride), period=stride, step=1
        )

    def resized(self, size: int, to: int, mode: str) -> Reach | None:
        """After interpolation of ``size`` positions to ``to``.

        Args:
            size: positions before.
            to: positions after.
            mode: ``nearest``, ``nearest-exact``, ``linear``, ``cubic``, ``linear corners`` or ``cubic corners``, the
                last two with aligned corners.
        """
        ratio = Fraction(size, to)
        if mode.endswith("corners"):
            if min(size, to) < 2:
                return None
            ratio = Fraction(size - 1, to - 1)

        def taps(i: int) -> tuple[int, int]:
            if mode == "nearest":
                place = math.floor(i * ratio)
                return place, place
            if mode == "nearest-exact":
                place = math.floor((i + Fraction(1, 2)) * ratio)
                return place, place
            exact = i * ratio if mode.endswith("corners") else (i + Fraction(1, 2)) * ratio - Fraction(1, 2)
            around = 1 if mode.startswith("cubic") and exact.denominator > 1 else 0
            return math.floor(exact) - around, math.ceil(exact) + around

        return self._through(taps, ratio.denominator, ratio.numerator)

    def join(self, other: Reach) -> Reach | None:
        """Where a sum or concatenation meets another path; None where the two do not move in step."""
        if self == other:
            return self
        if self.axis != other.axis or self.step * len(other.low) != other.step * len(self.low):
            return None
        period = math.lcm(len(self.low), len(other.low))
        pairs = [(self._at(i), other._at(i)) for i in range(period)]
        low = tuple(min(one[0], two[0]) for one, two in pairs)
        high = tuple(max(one[1], two[1]) for one, two in pairs)
        return Reach(self.axis, low, high, self.step * (period // len(self.low)))

    def _at(self, position: int) -> tuple[int, int]:
        periods, rest = divmod(position, len(self.low))
        return self.low[rest] + periods * self.step, self.high[rest] + periods * self.step

    def _through(self, taps: Callable[[int], tuple[int, int]], period: int, step: int) -> Reach | None:
        """Compose with a layer whose position ``i`` takes ``taps(i)``, ``step`` further every ``period`` positions."""
        repeats = math.lcm(len(self.low), step) // step
        positions = period * repeats
        if positions > _LONGEST:
            return None
        spans = [taps(i) for i in range(positions)]
        low = tuple(self._at(first)[0] for first, _ in spans)
        high = tuple(self._at(last)[1] for _, last in spans)
        return Reach(self.axis, low, high, self.step * (repeats * step // len(self.low)))
