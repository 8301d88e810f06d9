"""Ways to and along a decision boundary, of which each step costs one answer."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from burnish.attacks.norms import per_sample, project, size, steepest
from burnish.attacks.problem import Problem
from burnish.common.seeding import generator

_FINEST = 1e-5
"""Share of a distance below which float32 cannot tell two inputs apart safely."""
_COARSEST = 4
"""Sizes of grain that random images take turns in."""


def bisection_steps(problem: Problem) -> int:
    """Answers that :func:`to_boundary` takes for each sample."""
    count = problem.inputs[0].numel()
    theta = float(count) ** (-1.5 if problem.norm == "l2" else -2)  # the threshold of algorithm 2
    return math.ceil(-math.log2(min(0.5, max(theta, _FINEST))))


def to_boundary(problem: Problem, fooled: Tensor) -> Tensor:
    """The nearest fooled inputs between samples and inputs that are fooled, by bisection.

    Source: Chen, Jordan and Wainwright 2019, "HopSkipJumpAttack: a query-efficient decision-based attack",
    arXiv:1904.02144, algorithm 1. The projection onto the ball of radius ``alpha * distance`` is the blend of the two
    images in l2, and the clipping of their difference in linf.

    Args:
        problem: the samples.
        fooled: inputs ``(N, *)`` where the model is wrong already.

    Returns:
        Inputs ``(N, *)``, each of them answered wrongly by the model.
    """
    change = fooled - problem.inputs
    distance = size(change, problem.norm)
    near, far = torch.zeros_like(distance), torch.ones_like(distance)
    best = fooled
    for _ in range(bisection_steps(problem)):
        middle = (near + far) / 2
        between = problem.clip(problem.inputs + project(change, middle * distance, problem.norm))
        wrong = problem.fooled(problem.output(between))
        near, far = torch.where(wrong, near, middle), torch.where(wrong, middle, far)
        best = torch.where(per_sample(wrong, best), between, best)
    return best


def boundary_direction(
    problem: Problem, at: Tensor, reach: Tensor, counts: Tensor, batch_size: int, turn: int
) -> Tensor:
    """The direction that leads away from a boundary, from answers to random steps across it.

    Source: the same, section IV, the estimate with its baseline: the mean answer is taken off, which lowers the
    variance where the answers on the two sides are not in balance.

    Args:
        problem: the samples.
        at: inputs at the boundary ``(N, *)``.
        reach: length delta of a random step for each ``(N,)``.
        counts: random steps for each ``(N,)``, at least 1.
        batch_size: inputs that go through the model at once.
        turn: of the attack; every turn has random numbers of its own, whoever is left and whatever was drawn before.

    Returns:
        Steepest steps of size 1 ``(N, *)``.
    """
    shape = (problem.total, *at.shape[1:])
    random = generator(problem.generator.initial_seed(), "directions", turn)
    together = max(1, batch_size // len(problem))
    answered, plain, balance = torch.zeros_like(at), torch.zeros_like(at), torch.zeros_like(reach)
    for start in range(0, int(counts.max()), together):
        stop = min(start + together, int(counts.max()))
        draws = torch.stack([torch.randn(shape, generator=random) for _ in range(start, stop)]).to(at)
        numbers = torch.arange(start, stop, device=at.device)
        number, who = (numbers[:, None] < counts).nonzero(as_tuple=True)
        part = problem.part(who)
        step = steepest(draws[number, part.rows], "l2") * per_sample(reach[who], at)
        shifted = part.clip(at[who] + step)
        direction = (shifted - at[who]) / per_sample(reach[who], at)  # what the bounds left of it
        answer = part.fooled(part.output(shifted)).to(at) * 2 - 1
        answered.index_add_(0, who, direction * per_sample(answer, at))
        plain.index_add_(0, who, direction)
        balance.index_add_(0, who, answer)
    baseline = balance / counts
    lopsided = baseline.abs() == 1  # every answer the same: their mean says all there is
    return steepest(answered - plain * per_sample(baseline.masked_fill(lopsided, 0), at), problem.norm)


def random_images(problem: Problem, turn: int) -> Tensor:
    """Images drawn evenly within the bounds ``(N, *)``, in grains of 1, 2, 4 and 8 pixels by turns."""
    shape = [problem.total, *problem.inputs.shape[1:]]
    grain = 2 ** (turn % _COARSEST) if len(shape) == 4 else 1
    random = generator(problem.generator.initial_seed(), "start", turn)
    drawn = torch.rand([*shape[:2], *(-(-side // grain) for side in shape[2:])], generator=random)
    if grain > 1:
        drawn = F.interpolate(drawn, scale_factor=float(grain), mode="nearest")[:, :, : shape[2], : shape[3]]
    return problem.low + drawn.to(problem.inputs)[problem.rows] * (problem.high - problem.low)
