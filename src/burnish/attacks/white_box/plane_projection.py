"""The nearest point of a box that lies on a plane, exactly."""

from __future__ import annotations

import torch
from torch import Tensor

from burnish.attacks.norms import Norm, per_sample


def onto_plane(start: Tensor, gradient: Tensor, gain: Tensor, low: Tensor, high: Tensor, norm: Norm) -> Tensor:
    """The smallest change, within bounds, that raises a linear function by a given amount.

    Source: Croce and Hein 2020, "Minimally distorted adversarial examples with a fast adaptive boundary attack",
    arXiv:1907.02044, section 2.2. Without bounds in the way it is the closed form of Moosavi-Dezfooli et al. 2016,
    "DeepFool", arXiv:1511.04599, eq. 3 and section 3.3. Computed by sorting once, in double precision.

    Args:
        start: points within the bounds ``(N, *)``.
        gradient: of the linear functions ``(N, *)``.
        gain: by how much each is to rise ``(N,)``; a negative one is to fall.
        low, high: bounds that line up with ``start``; infinite ones are none.
        norm: how the change is measured.

    Returns:
        The changes ``(N, *)``. Where the box is too small, the one that comes nearest to the gain: the corner of the
        box in the direction of the gradient.

    >>> zero, one = torch.zeros(()), torch.ones(())
    >>> onto_plane(torch.tensor([[0.5, 0.9]]), torch.tensor([[1.0, 2.0]]), torch.tensor([0.6]), zero, one, "linf")
    tensor([[0.4000, 0.1000]])
    """
    up = gradient * per_sample(gain.sign(), gradient)
    room = torch.where(up > 0, high - start, start - low).flatten(1).double().clamp(min=0)
    weight = up.flatten(1).double().abs()
    room = room.masked_fill(weight == 0, 0)  # moving there would gain nothing
    wanted = gain.abs().double()[:, None]
    moved = _greedy(weight, room, wanted) if norm == "l1" else _shared(weight, room, wanted, norm)
    return (moved * up.flatten(1).sign()).to(start.dtype).view_as(start)


def _shared(weight: Tensor, room: Tensor, wanted: Tensor, norm: Norm) -> Tensor:
    """Every coordinate moves by ``min(t * pace, room)``: alike in linf, in proportion to its weight in l2.

    The gain is piecewise linear in t; its bends are where a coordinate meets its bound.
    """
    pace = weight if norm == "l2" else (weight > 0).to(weight)
    bend = torch.where(weight > 0, room / pace, 0)
    order = bend.argsort(dim=1)
    full = (weight * room).gather(1, order).cumsum(dim=1)
    before = torch.cat([torch.zeros_like(full[:, :1]), full[:, :-1]], dim=1)  # gained by those that met their bound
    slope = (weight * pace).gather(1, order).flip(1).cumsum(dim=1).flip(1)  # of those that still move
    t = (wanted - before) / slope
    fits = (t <= bend.gather(1, order)) & (slope > 0)
    first = fits.to(torch.int8).argmax(dim=1, keepdim=True)
    t = torch.where(fits.any(dim=1, keepdim=True), t.gather(1, first), torch.inf)
    return torch.where(weight > 0, torch.minimum(t * pace, room), 0)


def _greedy(weight: Tensor, room: Tensor, wanted: Tensor) -> Tensor:
    """L1: the coordinates of most weight move first, each as far as it can or needs to."""
    order = weight.argsort(dim=1, descending=True)
    full = (weight * room).gather(1, order).cumsum(dim=1)
    before = torch.cat([torch.zeros_like(full[:, :1]), full[:, :-1]], dim=1)
    missing = torch.zeros_like(full).scatter(1, order, (wanted - before).clamp(min=0))
    return torch.where(weight > 0, torch.minimum(missing / weight, room), 0)
