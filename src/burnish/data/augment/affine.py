"""Affine maps of the plane, one for each sample, ``(batch, 3, 3)`` float64 in pixels.

Coordinates are continuous, x to the right, y down: the pixel in row i and column j covers [j, j + 1) x [i, i + 1), so
an image reaches from 0 to its width and mirroring is x -> width - x. A map takes a point of the old image to where it
lies in the new one.
"""

from __future__ import annotations

import torch
from torch import Tensor


def identity(count: int) -> Tensor:
    """Maps that change nothing, ``(count, 3, 3)``."""
    return torch.eye(3, dtype=torch.float64).expand(count, 3, 3).clone()


def translation(x: Tensor, y: Tensor) -> Tensor:
    """Move by ``x`` pixels to the right and ``y`` down, ``(batch,)`` each."""
    maps = identity(len(x))
    maps[:, 0, 2], maps[:, 1, 2] = x, y
    return maps


def scaling(x: Tensor, y: Tensor) -> Tensor:
    """Enlarge by factors about the origin, ``(batch,)`` each; -1 mirrors."""
    maps = identity(len(x))
    maps[:, 0, 0], maps[:, 1, 1] = x, y
    return maps


def rotation(degrees: Tensor) -> Tensor:
    """Turn counter-clockwise, as seen on the screen, about the origin; right angles are exact."""
    quarter = degrees / 90
    is_right = quarter == quarter.round()
    radians = torch.deg2rad(degrees)
    cos = torch.where(is_right, torch.cos(radians).round(), torch.cos(radians))
    sin = torch.where(is_right, torch.sin(radians).round(), torch.sin(radians))
    maps = identity(len(degrees))
    maps[:, 0, 0], maps[:, 0, 1] = cos, sin  # y points down, so this is the usual matrix of the opposite angle
    maps[:, 1, 0], maps[:, 1, 1] = -sin, cos
    return maps


def shearing(x_degrees: Tensor, y_degrees: Tensor) -> Tensor:
    """Slant by angles along x and along y about the origin."""
    maps = identity(len(x_degrees))
    maps[:, 0, 1], maps[:, 1, 0] = torch.tan(torch.deg2rad(x_degrees)), torch.tan(torch.deg2rad(y_degrees))
    return maps


def about(maps: Tensor, x: float, y: float) -> Tensor:
    """The same linear maps with ``(x, y)`` instead of the origin as the point that stays."""
    centre = torch.tensor([x, y], dtype=torch.float64)
    moved = maps.clone()
    moved[:, :2, 2] += centre - maps[:, :2, :2] @ centre
    return moved


def move_points(maps: Tensor, points: Tensor) -> Tensor:
    """Points of the old images in the new ones, ``(batch, n, 2)`` as (x, y); NaN stays NaN."""
    maps = maps.to(points.device)
    return (points.double() @ maps[:, :2, :2].mT + maps[:, None, :2, 2]).to(points.dtype)


def invert(maps: Tensor) -> Tensor:
    """The way back; exact for mirrors, right angles and shifts by whole pixels."""
    a, b, c = maps[:, 0, 0], maps[:, 0, 1], maps[:, 0, 2]
    d, e, f = maps[:, 1, 0], maps[:, 1, 1], maps[:, 1, 2]
    area = a * e - b * d
    back = identity(len(maps))
    back[:, 0, 0], back[:, 0, 1], back[:, 0, 2] = e / area, -b / area, (b * f - c * e) / area
    back[:, 1, 0], back[:, 1, 1], back[:, 1, 2] = -d / area, a / area, (c * d - a * f) / area
    return back


def magnification(maps: Tensor) -> Tensor:
    """By how much lengths grow, on average over the directions, ``(batch,)``: the root of the change of area."""
    return (maps[:, 0, 0] * maps[:, 1, 1] - maps[:, 0, 1] * maps[:, 1, 0]).abs().sqrt()


def is_mirrored(maps: Tensor) -> Tensor:
    """Whether left and right of what is seen change places, ``(batch,)`` bool."""
    return maps[:, 0, 0] * maps[:, 1, 1] < maps[:, 0, 1] * maps[:, 1, 0]


def is_exact(maps: Tensor) -> Tensor:
    """Whether a map takes pixels to pixels (mirrors, right angles, whole shifts), so that nothing is blended."""
    linear, shift = maps[:, :2, :2], maps[:, :2, 2]
    ones = linear.abs().sum(dim=1).eq(1).all(dim=1) & linear.abs().sum(dim=2).eq(1).all(dim=1)
    whole = linear.eq(linear.round()).flatten(1).all(dim=1) & shift.eq(shift.round()).all(dim=1)
    return ones & whole
