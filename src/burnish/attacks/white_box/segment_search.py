"""The way from a sample to a point that fools the model, cut short where it crosses the boundary."""

from __future__ import annotations

import torch
from torch import Tensor

from burnish.attacks.norms import per_sample, size
from burnish.attacks.problem import Problem
from burnish.attacks.white_box.boundary_planes import excess

_BEYOND = 0.05
"""Share of the rest of the segment by which a cut goes past the estimate, so that it fools more often than not."""


def shorten(problem: Problem, found: Tensor, cuts: int, *, enough: bool) -> Tensor:
    """Points that fool the model, moved straight towards their samples as far as they still do.

    Source: Croce and Hein 2020, "Minimally distorted adversarial examples with a fast adaptive boundary attack",
    arXiv:1907.02044, section 2.3, final search. Each cut is made where the excess would be 0 if it were linear along
    the segment, and a little beyond; one that does not fool is the segment's new start.

    Args:
        problem: the samples.
        found: one point a sample ``(N, *)``; one that does not fool stays as it is.
        cuts: queries for each sample, besides two for its ends.
        enough: leave points alone that lie within eps, where there is one, already.

    Returns:
        Points that fool wherever ``found`` does ``(N, *)``.
    """
    limit = torch.where(problem.eps.isinf() | (not enough), 0, problem.eps)
    chosen = size(found - problem.inputs, problem.norm) > limit
    if not cuts or not bool(chosen.any()):
        return found
    best = found.clone()
    problem, found = problem.part(chosen), found[chosen]
    output = problem.output(found)
    beyond, fooled = excess(problem.goal, output, problem.labels)[:, 0], problem.fooled(output)
    lacking = excess(problem.goal, problem.output(problem.inputs), problem.labels)[:, 0]
    near, far, way, cut = torch.zeros_like(lacking), torch.ones_like(lacking), found - problem.inputs, found
    for _ in range(cuts):
        share = near + (far - near) * (lacking / (lacking - beyond)).clamp(0, 1).nan_to_num(1.0)
        share = share + _BEYOND * (far - share)
        point = problem.clip(problem.inputs + per_sample(share, way) * way)
        output = problem.output(point)
        value, crossed = excess(problem.goal, output, problem.labels)[:, 0], problem.fooled(output)
        cut = torch.where(per_sample(crossed & fooled, cut), point, cut)
        far, beyond = torch.where(crossed, share, far), torch.where(crossed, value, beyond)
        near, lacking = torch.where(crossed, near, share), torch.where(crossed, lacking, value)
    best[chosen] = cut
    return best
