"""The three ways to measure a perturbation: its size, its ball, its steepest direction, a random point of it."""

from __future__ import annotations

import math
from typing import Literal, get_args

import torch
from torch import Tensor

from burnish.common.errors import unknown

Norm = Literal["linf", "l2", "l1"]

_TINY = 1e-12
_L1_SHARE = 0.01
"""Share of the coordinates that an L1 step moves: one alone makes little way, all of them is no L1 step."""


def check_norm(norm: str) -> None:
    """Refuse the name of anything else.

    Raises:
        InputError: there is no such norm.
    """
    if norm not in get_args(Norm):
        raise unknown("norm", norm, get_args(Norm))


def per_sample(numbers: Tensor, like: Tensor) -> Tensor:
    """One number a sample ``(N,)``, shaped so that it lines up with ``like`` ``(N, *)``.

    >>> per_sample(torch.ones(2), torch.zeros(2, 3, 4)).shape
    torch.Size([2, 1, 1])
    """
    return numbers.view(-1, *(1,) * (like.ndim - 1))


def size(delta: Tensor, norm: Norm) -> Tensor:
    """How large each perturbation ``(N, *)`` is, ``(N,)``.

    >>> size(torch.tensor([[3.0, -4.0]]), "l2"), size(torch.tensor([[3.0, -4.0]]), "linf")
    (tensor([5.]), tensor([4.]))
    """
    flat = delta.flatten(1)
    if norm == "linf":
        return flat.abs().amax(dim=1)
    return flat.norm(dim=1) if norm == "l2" else flat.abs().sum(dim=1)


def project(delta: Tensor, eps: Tensor, norm: Norm) -> Tensor:
    """The nearest perturbation that is no larger than ``eps``.

    For L1 that is soft thresholding; Duchi et al. 2008, "Efficient projections onto the l1-ball", figure 1.

    Args:
        delta: perturbations ``(N, *)``.
        eps: one radius a sample ``(N,)``.
        norm: how size is measured.

    >>> project(torch.tensor([[3.0, -4.0]]), torch.tensor([1.0]), "l2")
    tensor([[ 0.6000, -0.8000]])
    """
    if norm == "linf":
        limit = per_sample(eps, delta)
        return torch.minimum(torch.maximum(delta, -limit), limit)
    if norm == "l2":
        return delta * per_sample((eps / size(delta, "l2").clamp(min=_TINY)).clamp(max=1), delta)
    flat = delta.flatten(1)
    magnitude = flat.abs()
    descending = magnitude.sort(dim=1, descending=True).values
    excess = descending.cumsum(dim=1) - eps[:, None]
    rank = torch.arange(1, flat.shape[1] + 1, device=flat.device, dtype=flat.dtype)
    kept = (descending * rank > excess).sum(dim=1, keepdim=True).clamp(min=1)
    threshold = (excess.gather(1, kept - 1) / kept).clamp(min=0)  # zero where delta lies inside already
    return (flat.sign() * (magnitude - threshold).clamp(min=0)).view_as(delta)


def steepest(gradient: Tensor, norm: Norm) -> Tensor:
    """The step of size 1 that raises a linear function of this gradient the most, ``(N, *)``.

    For L1 that would be one coordinate; the step is shared by the largest 1 % of them, as in Tramer and Boneh 2019,
    "Adversarial training and robustness for multiple perturbations", arXiv:1904.13000, section 4 (SLIDE).

    >>> steepest(torch.tensor([[3.0, -4.0]]), "linf"), steepest(torch.tensor([[3.0, -4.0]]), "l2")
    (tensor([[ 1., -1.]]), tensor([[ 0.6000, -0.8000]]))
    """
    if norm == "linf":
        return gradient.sign()
    if norm == "l2":
        return gradient / per_sample(size(gradient, "l2").clamp(min=_TINY), gradient)
    flat = gradient.flatten(1)
    count = max(1, math.ceil(flat.shape[1] * _L1_SHARE))
    chosen = flat.abs().topk(count, dim=1).indices
    step = torch.zeros_like(flat).scatter(1, chosen, flat.gather(1, chosen).sign())
    return (step / step.abs().sum(dim=1, keepdim=True).clamp(min=1)).view_as(gradient)


def random_point(shape: torch.Size, norm: Norm, generator: torch.Generator) -> Tensor:
    """Perturbations drawn evenly from the ball of radius 1, one a sample, on the CPU.

    L2: a direction at a radius of ``u ** (1 / d)``. L1: signed spacings of uniform numbers; Devroye 1986, "Non-uniform
    random variate generation", section 5.2.

    Args:
        shape: of the perturbations ``(N, *)``.
        norm: whose ball.
        generator: of the random numbers.

    >>> draw = random_point(torch.Size([5, 3]), "l1", torch.Generator().manual_seed(0))
    >>> bool((draw.abs().sum(dim=1) <= 1).all())
    True
    """
    if norm == "linf":
        return torch.rand(shape, generator=generator) * 2 - 1
    if norm == "l2":
        direction = torch.randn(shape, generator=generator)
        radius = torch.rand(shape[0], generator=generator) ** (1 / math.prod(shape[1:]))
        return steepest(direction, "l2") * per_sample(radius, direction)
    share = -torch.rand(shape[0], math.prod(shape[1:]) + 1, generator=generator).clamp(min=_TINY).log()
    share = share[:, :-1] / share.sum(dim=1, keepdim=True)
    sign = torch.randint(0, 2, share.shape, generator=generator) * 2 - 1
    return (share * sign).view(shape)
