"""The changes that the Square attack tries: to corners of the ball in linf, to moved mass in l2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from burnish.attacks.norms import per_sample, size
from burnish.attacks.problem import Problem

_TINY = 1e-12
_TILES = 5
_SMALLEST = 3
"""Side of the smallest square of l2: room for a bump and a hollow side by side."""


class Squares(Protocol):
    """A way to begin, and to change one square of each image. Letters: N images, C channels, H rows, W columns."""

    def part(self, kept: Tensor) -> Squares:
        """For some of the images alone."""
        ...

    def start(self, problem: Problem) -> Tensor:
        """Where the search begins, ``(N, C, H, W)``."""
        ...

    def next(self, problem: Problem, best: Tensor, side: int) -> Tensor:
        """The best images so far, each with another square changed."""
        ...


@dataclass(frozen=True)
class Corners:
    """Every value one eps up or down: Andriushchenko et al. 2020, arXiv:1912.00049, algorithm 2."""

    upper: Tensor
    lower: Tensor

    @classmethod
    def around(cls, problem: Problem) -> Corners:
        radius = per_sample(problem.eps, problem.inputs)
        return cls(problem.clip(problem.inputs + radius), problem.clip(problem.inputs - radius))

    def part(self, kept: Tensor) -> Corners:
        return Corners(self.upper[kept], self.lower[kept])

    def start(self, problem: Problem) -> Tensor:
        """Stripes, one column wide; section 3.3."""
        _, channels, _, width = problem.inputs.shape
        up = _drawn(problem, channels, 1, width) < 0.5
        return torch.where(up, self.upper, self.lower)

    def next(self, problem: Problem, best: Tensor, side: int) -> Tensor:
        channels = best.shape[1]
        drawn = _drawn(problem, 2 + channels)
        place = _window(best, side, drawn[:, :2])
        up = (drawn[:, 2:] < 0.5)[:, :, None, None]
        upper, lower, now = self.upper[place], self.lower[place], best[place]
        same = (torch.where(up, upper, lower) == now).flatten(1).all(dim=1)
        changed = best.clone()
        changed[place] = torch.where(up ^ per_sample(same, up), upper, lower)
        return changed


class Bumps:
    """Mass of the perturbation moved from one square to another: arXiv:1912.00049, algorithm 3."""

    def part(self, kept: Tensor) -> Bumps:
        return self

    def start(self, problem: Problem) -> Tensor:
        """Five by five tiles; section 3.4."""
        count, channels, height, width = problem.inputs.shape
        side = max(1, min(height, width) // _TILES)
        down, across = height // side, width // side
        drawn = _drawn(problem, channels + 1, down, across)[..., None, None]
        bumps = _bump_and_hollow(side).to(problem.inputs)
        shape = torch.where(drawn[:, :1] < 0.5, bumps, bumps.mT)  # N, 1, down, across, side, side
        tiles = shape * ((drawn[:, 1:] < 0.5) * 2.0 - 1)
        tiled = tiles.transpose(3, 4).reshape(count, channels, down * side, across * side)
        top, left = (height - down * side) // 2, (width - across * side) // 2
        around = (left, width - across * side - left, top, height - down * side - top)
        delta = F.pad(tiled, around)
        return problem.within(
            problem.inputs + delta * per_sample(problem.eps / size(delta, "l2").clamp(min=_TINY), delta)
        )

    def next(self, problem: Problem, best: Tensor, side: int) -> Tensor:
        channels, (height, width) = best.shape[1], best.shape[2:]
        side = min(max(side, _SMALLEST) | 1, height, width)  # odd, so that a bump has a middle
        drawn = _drawn(problem, 5 + channels)
        receives, gives = (_window(best, side, drawn[:, first : first + 2]) for first in (0, 2))
        delta = best - problem.inputs
        unused = (problem.eps.square() - delta.flatten(1).square().sum(dim=1)).clamp(min=0)  # line 4
        bumps = _bump_and_hollow(side).to(delta)
        bump = torch.where(drawn[:, 4, None, None] < 0.5, bumps, bumps.mT)[:, None]
        sign = (drawn[:, 5:, None, None] < 0.5) * 2.0 - 1
        old = delta[receives]
        shape = sign * bump + old / _length(old)  # line 7
        delta[receives] = 0
        available = _energy(old) + _energy(delta[gives]) + per_sample(unused, old) / channels  # line 8
        delta[gives] = 0  # line 9
        delta[receives] = shape / _length(shape) * available.sqrt()
        return problem.within(problem.inputs + delta)


def _energy(window: Tensor) -> Tensor:
    return window.square().sum(dim=(2, 3), keepdim=True)


def _length(window: Tensor) -> Tensor:
    return _energy(window).sqrt().clamp(min=_TINY)


def _drawn(problem: Problem, *shape: int) -> Tensor:
    """Even numbers in [0, 1) for each sample, whoever else is left, ``(N, *shape)``."""
    drawn = torch.rand(problem.total, *shape, generator=problem.generator, dtype=problem.inputs.dtype)
    return drawn.to(problem.inputs.device)[problem.rows]


def _window(images: Tensor, side: int, drawn: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Where each image's square lies, as an index ``(N, C, side, side)`` into the images."""
    count, channels, height, width = images.shape
    device = images.device
    corner = []
    for dim, length in enumerate((height, width)):
        kept = min(side, length)
        first = (drawn[:, dim] * (length - kept + 1)).long().clamp(max=length - kept)
        corner.append(first[:, None] + torch.arange(kept, device=device))
    return (
        torch.arange(count, device=device)[:, None, None, None],
        torch.arange(channels, device=device)[None, :, None, None],
        corner[0][:, None, :, None],
        corner[1][:, None, None, :],
    )


def _bump_and_hollow(side: int) -> Tensor:
    """One bump up and one down that share a square, of length 1, ``(side, side)``; section 3.4."""
    left = side // 2
    both = torch.cat([_bump(side, left), -_bump(side, side - left)], dim=1)
    length: Tensor = both.norm()
    return both / length


def _bump(height: int, width: int) -> Tensor:
    """Squares of shrinking weight around the middle; equation 2."""
    rows, columns = ((torch.arange(length) - length // 2).abs() for length in (height, width))
    rings = torch.maximum(rows[:, None], columns[None, :])
    weights = 1 / torch.arange(1, max(height, width) // 2 + 2, dtype=torch.float32) ** 2
    bump: Tensor = weights.flip(0).cumsum(0).flip(0)[rings]
    return bump
