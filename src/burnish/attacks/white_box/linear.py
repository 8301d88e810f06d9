"""The smallest perturbation of a linear classifier, in closed form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from burnish.attacks.attack import Attack
from burnish.attacks.goal import Reach
from burnish.attacks.norms import Norm, size
from burnish.attacks.problem import Problem
from burnish.attacks.white_box.boundary_planes import excess, gain_across, likeliest_rivals, planes
from burnish.attacks.white_box.plane_projection import onto_plane
from burnish.common.errors import InputError
from burnish.models.auxiliary import main_output

_PROBES = 3
_TOLERANCE = 1e-3
"""How far from affine a model may be, relative to the sum of what each input contributes: TF32 rounds by half of it."""


@dataclass(frozen=True, eq=False, kw_only=True)
class LinearAttack(Attack):
    """Go straight to the nearest decision boundary of a model whose logits are an affine function of its inputs.

    Source: Moosavi-Dezfooli, Fawzi and Frossard 2016, "DeepFool: a simple and accurate method to fool deep neural
    networks", arXiv:1511.04599, eq. 3 (two classes), 5 to 9 (any number) and section 3.3 (other norms): the distance is
    ``|f| / ||w||`` in the dual norm. Where the way leads out of the bounds, the nearest boundary point within them is
    taken instead: Croce and Hein 2020, arXiv:1907.02044, section 2.2; so nothing smaller fools the model.

    Weights are read by autograd, so that the model may be any module: logistic regression behind a flattening and a
    normalisation, or several linear layers in a row. Any other is refused.

    Args:
        overshoot: how far to go beyond the boundary, as a share of the way there.

    >>> model = torch.nn.Linear(2, 2)
    >>> _ = model.load_state_dict({"weight": torch.tensor([[3.0, 4.0], [0.0, 0.0]]), "bias": torch.tensor([-2.5, 0.0])})
    >>> LinearAttack(model.eval()).run(torch.full((1, 2), 0.6), torch.tensor([0])).distance  # 1.7 / 5
    tensor([0.3400])
    """

    name: ClassVar[str] = "linear"
    needs_eps: ClassVar[bool] = False

    norm: Norm = "l2"
    overshoot: float = 1e-5

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.overshoot <= 0:
            raise InputError(f"overshoot must be positive, got {self.overshoot:g}: a boundary is no success")

    def perturb(self, problem: Problem) -> Tensor:
        output = problem.output(problem.inputs)
        if isinstance(problem.goal, Reach) and main_output(output).shape[1] > 2:
            raise InputError(
                f"linear has a closed form for any wrong class, not for one target among {output.shape[1]}: "
                "leave out targets, or take FAB or CarliniWagner"
            )
        classes = likeliest_rivals(problem, output, None)
        _, found = planes(problem, problem.inputs, classes)
        best, least = torch.zeros_like(problem.inputs), torch.full_like(problem.eps, torch.inf)
        probes = [self._probe(problem) for _ in range(_PROBES)]
        probed = [excess(problem.goal, problem.output(probe), problem.labels, classes) for probe in probes]
        for k, (lacking, gradient) in enumerate(found):
            for probe, there in zip(probes, probed, strict=True):
                _check_affine(lacking, gradient, probe - problem.inputs, there[:, k])
            gain = gain_across(lacking, gradient, problem.inputs, self.overshoot)
            change = onto_plane(problem.inputs, gradient, gain, problem.low, problem.high, self.norm)
            reached = (gradient * change).flatten(1).sum(dim=1) > lacking.abs()
            length = torch.where(reached, size(change, self.norm), torch.inf)
            nearer = length < least
            least = torch.where(nearer, length, least)
            best[nearer] = change[nearer]
        return problem.within(problem.inputs + best)

    @staticmethod
    def _probe(problem: Problem) -> Tensor:
        """A random point within the bounds, no farther than 1 in any coordinate."""
        low, high = torch.maximum(problem.low, problem.inputs - 1), torch.minimum(problem.high, problem.inputs + 1)
        shape = (problem.total, *problem.inputs.shape[1:])
        share = torch.rand(shape, generator=problem.generator).to(problem.inputs)[problem.rows]
        return problem.clip(low + share * (high - low))


def _check_affine(lacking: Tensor, gradient: Tensor, way: Tensor, there: Tensor) -> None:
    terms = (gradient * way).flatten(1)
    off = (there - lacking - terms.sum(dim=1)).abs()
    worst = (off / (terms.abs().sum(dim=1) + lacking.abs()).clamp(min=1e-12)).max().item()
    if not worst <= _TOLERANCE:
        raise InputError(
            f"linear needs a model whose logits are an affine function of its inputs; this one is off by {worst:.1%} "
            "of what a linear one would give at another point: take DeepFool, or FAB for the smallest perturbation"
        )
