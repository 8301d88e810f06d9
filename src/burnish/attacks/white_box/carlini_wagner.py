"""The smallest L2 perturbation, by gradient descent on its length and on what is lacking to fool the model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor

from burnish.attacks.attack import Attack
from burnish.attacks.norms import Norm, per_sample, size
from burnish.attacks.problem import Problem
from burnish.attacks.white_box.boundary_planes import excess
from burnish.common.errors import InputError

_INSIDE = 1 - 1e-4
"""How near to its bounds an input starts: at the bounds the tangent is infinite, and no gradient comes through."""
_CHECKS = 10
"""How often a descent looks whether it still moves."""
_STALLED = 1e-4
_DECAY = (0.9, 0.999)
_TINY = 1e-8


@dataclass(frozen=True, eq=False, kw_only=True)
class CarliniWagner(Attack):
    """Minimise ``||x' - x||^2 + c * f(x')`` with Adam, f being what is lacking, and search the smallest c that fools.

    Source: Carlini and Wagner 2016, "Towards evaluating the robustness of neural networks", arXiv:1608.04644, section
    V (f_6, and the change of variables that keeps the bounds) and VI-A. Samples do not share a c, nor a stop: each
    leaves the descent when its own no longer moves.

    With ``targets`` f is what the target lacks to be the likeliest class. Without ``eps`` every perturbation counts;
    with it those that were found to be larger are pulled back to eps. It is the most thorough of the attacks in L2, and
    the slowest.

    Args:
        confidence: by how much the logit of the wrong class has to lead (kappa); more of it transfers better.
        searches: how many values of c are tried for each sample.
        steps: most steps of a descent.
        step_size: learning rate of Adam.
        weight: the first c; it grows tenfold until it fools, and then lies between the last two that did and did not.

    >>> model = torch.nn.Linear(2, 2)
    >>> _ = model.load_state_dict({"weight": torch.tensor([[3.0, 4.0], [0.0, 0.0]]), "bias": torch.tensor([-2.5, 0.0])})
    >>> result = CarliniWagner(model.eval(), steps=200).run(torch.full((1, 2), 0.6), torch.tensor([0]))
    >>> result.distance.round(decimals=2)  # 1.7 / 5
    tensor([0.3400])
    """

    name: ClassVar[str] = "carlini-wagner"
    needs_eps: ClassVar[bool] = False
    norms: ClassVar[tuple[str, ...]] = ("l2",)

    norm: Norm = "l2"
    confidence: float = 0.0
    searches: int = 9
    steps: int = 1000
    step_size: float = 0.01
    weight: float = 1e-3

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.confidence < 0:
            raise InputError(f"confidence must be 0 or more, got {self.confidence:g}: it is a lead in logits")
        if self.searches < 1 or self.steps < 1:
            raise InputError(f"searches and steps must be at least 1, got {self.searches} and {self.steps}")
        if self.step_size <= 0 or self.weight <= 0:
            raise InputError(f"step_size and weight must be positive, got {self.step_size:g} and {self.weight:g}")
        if not all(bool(torch.as_tensor(bound).isfinite().all()) for bound in self.bounds):
            raise InputError(f"{self.name} keeps its bounds by a change of variables: they must be finite")

    def perturb(self, problem: Problem) -> Tensor:
        weight = torch.full_like(problem.eps, self.weight)
        low, high = torch.zeros_like(weight), torch.full_like(weight, torch.inf)
        output = problem.output(problem.inputs)
        done = problem.fooled(output) & (self._lacking(problem, output, problem.labels) <= -self.confidence)
        best, least = problem.inputs.clone(), torch.where(done, 0, torch.inf).to(weight)
        enough = torch.where(problem.eps.isinf() | (not self.early_stop), 0, problem.eps)
        for _ in range(self.searches):
            left = (least > enough).nonzero().flatten()
            if not len(left):
                break
            found, length = self._descend(problem.part(left), weight[left])
            nearer = length < least[left]
            best[left[nearer]], least[left[nearer]] = found[nearer], length[nearer]
            fooled = length.isfinite()
            high[left[fooled]], low[left[~fooled]] = weight[left[fooled]], weight[left[~fooled]]
            weight = torch.where(high.isinf(), weight * 10, (low + high) / 2)
        return problem.within(best)

    def _descend(self, problem: Problem, weight: Tensor) -> tuple[Tensor, Tensor]:
        """The nearest points that fool on the way of one descent, and their distances ``(N,)``; infinite for none."""
        best, least = problem.inputs.clone(), torch.full_like(weight, torch.inf)
        left, lowest = torch.arange(len(problem), device=best.device), torch.full_like(weight, torch.inf)
        before = lowest.clone()
        inside = (problem.inputs - _middle(problem)) / _half(problem)
        place = inside.nan_to_num(0.0).mul(_INSIDE).atanh()  # section V-B; 0 / 0 where the bounds are equal
        adam = _Adam(torch.zeros_like(place), torch.zeros_like(place))
        for step in range(1, self.steps + 1):
            inside, half = place.tanh(), _half(problem)
            at = problem.clip(_middle(problem) + half * inside)
            slope, output, lacking = problem.gradient(at, partial(self._lacking, problem))
            change = at - problem.inputs
            length = size(change, "l2")
            nearer = problem.fooled(output) & (lacking <= -self.confidence) & (length < least[left])
            best[left[nearer]], least[left[nearer]] = at[nearer], length[nearer]
            gradient = 2 * change + per_sample(weight[left], slope) * slope  # section VI-A
            place = place - self.step_size * adam.direction(gradient * half * (1 - inside.square()), step)
            lowest[left] = torch.minimum(lowest[left], length.square() + weight[left] * lacking)
            if self.early_stop and step % max(1, self.steps // _CHECKS) == 0:
                kept = lowest[left] < before[left] - _STALLED * lowest[left].abs()
                before = lowest.clone()
                problem, left, place, adam = problem.part(kept), left[kept], place[kept], adam.part(kept)
                if not len(left):
                    break
        return best, least

    def _lacking(self, problem: Problem, output: Any, labels: Tensor) -> Tensor:
        """What is lacking to fool the model with confidence, ``max(-excess, -kappa)``; section V-A, f_6."""
        return -excess(problem.goal, output, labels)[:, 0].clamp(max=self.confidence)


@dataclass(frozen=True)
class _Adam:
    """Moments of each coordinate, so that samples can leave: Kingma and Ba 2014, arXiv:1412.6980, algorithm 1."""

    mean: Tensor
    square: Tensor

    def direction(self, gradient: Tensor, step: int) -> Tensor:
        """The next step at a learning rate of 1, downhill being minus it; moves the moments."""
        self.mean.lerp_(gradient, 1 - _DECAY[0])
        self.square.lerp_(gradient.square(), 1 - _DECAY[1])
        unbiased = (self.square / (1 - _DECAY[1] ** step)).sqrt()
        return self.mean / (1 - _DECAY[0] ** step) / (unbiased + _TINY)

    def part(self, kept: Tensor) -> _Adam:
        return _Adam(self.mean[kept], self.square[kept])


def _middle(problem: Problem) -> Tensor:
    return (problem.high + problem.low) / 2


def _half(problem: Problem) -> Tensor:
    return (problem.high - problem.low) / 2
