"""What every attack shares: what it is given, what it refuses, what it leaves as it was, what it gives back."""

from __future__ import annotations

import itertools
import math
import warnings
from abc import abstractmethod
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from burnish.attacks.checks import Bounds, check_eps, check_inputs, check_mode
from burnish.attacks.goal import Goal, Misclassify, Reach, logarithms
from burnish.attacks.layout import ChannelsLast
from burnish.attacks.norms import Norm, check_norm, per_sample, project, size
from burnish.attacks.problem import Problem, Spent
from burnish.attacks.result import AttackResult, joined
from burnish.common.errors import InputError
from burnish.common.module_state import untouched
from burnish.common.seeding import generator

_TINY = 1e-30


@dataclass(frozen=True, eq=False)
class Attack:
    """Base of every attack that changes each sample on its own. A subclass gives :meth:`perturb`.

    Nothing about the model is changed by a call: modes, frozen BatchNorms, buffers, ``.grad``, ``requires_grad`` and
    the global generators are as before.

    Args:
        model: any module from inputs within ``bounds`` to logits ``(N, classes)``. Normalisation belongs inside it.
        eps: largest perturbation, one number or one a sample ``(N,)``. None where the attack looks for the smallest.
        norm: how a perturbation is measured: ``linf``, ``l2`` or ``l1``.
        bounds: smallest and largest value of an input; numbers, or tensors that line up with a sample or a batch.
            Where the two are equal nothing can change.
        goal: what the attack wants; by default any wrong class, or the class that is given as ``targets``.
        outputs: what the model gives; of ``probabilities`` the logarithm is attacked.
        training: attack a model in training mode as it is, instead of refusing it.
        skip_wrong: leave samples alone that are where the attack wants them already.
        early_stop: stop working on a sample as soon as it is fooled.
        batch_size: samples that go through the model at once.
        channels_last: give images to the model in the memory order in which a CPU is fastest, twice as fast for a small
            convolutional network; rounding differs, so that a gradient next to zero may change its sign.
        seed: of everything random in the attack.

    Raises:
        InputError: a norm, radius or bounds that cannot be.
    """

    name: ClassVar[str]
    needs_eps: ClassVar[bool] = True
    norms: ClassVar[tuple[str, ...]] = ("linf", "l2", "l1")

    model: nn.Module
    _: KW_ONLY
    eps: float | Tensor | None = None
    norm: Norm = "linf"
    bounds: Bounds = (0.0, 1.0)
    goal: Goal | None = None
    outputs: Literal["logits", "probabilities"] = "logits"
    training: bool = False
    skip_wrong: bool = True
    early_stop: bool = True
    batch_size: int = 256
    channels_last: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        check_norm(self.norm)
        if self.norm not in self.norms:
            raise InputError(f"{self.name} works in {' and '.join(self.norms)}, not in {self.norm}")
        if self.eps is None and self.needs_eps:
            raise InputError(f"{self.name} needs eps, the largest perturbation: eps=8/255 is usual for photos in linf")
        if self.eps is not None and bool((torch.as_tensor(self.eps) < 0).any()):
            raise InputError(f"eps must be 0 or more, got {torch.as_tensor(self.eps).min().item():g}")
        if self.batch_size < 1:
            raise InputError(f"batch_size must be at least 1, got {self.batch_size}")

    @abstractmethod
    def perturb(self, problem: Problem) -> Tensor:
        """The attacked inputs ``(N, *)`` of a problem, as near to success as the attack comes."""

    def __call__(self, inputs: Tensor, labels: Tensor, targets: Tensor | None = None) -> Tensor:
        """Attack a batch.

        Args:
            inputs: ``(N, *)`` floats within the bounds.
            labels: the true classes ``(N,)``, or what the goal takes.
            targets: classes to reach ``(N,)``; any wrong one without.

        Returns:
            The attacked inputs ``(N, *)``.

        Raises:
            InputError: inputs, labels, eps or the model's outputs cannot be used.
        """
        return self.run(inputs, labels, targets).inputs

    def run(self, inputs: Tensor, labels: Tensor, targets: Tensor | None = None) -> AttackResult:
        """Attack a batch and say what came of each sample; see :meth:`__call__`."""
        check_inputs(inputs, self.bounds)
        goal = self.goal or (Misclassify() if targets is None else Reach())
        wanted = labels if targets is None else targets
        goal.check_labels(wanted, len(inputs))
        if self.eps is not None:
            check_eps(self.eps, self.bounds, self.norm, tuple(inputs.shape))
        if not self.training:
            check_mode(self.model)
        ends = itertools.pairwise([*range(0, len(inputs), self.batch_size), len(inputs)])
        with torch.inference_mode(False), torch.no_grad(), untouched(self.model):
            parts = [self.attacked(self.problem(inputs, wanted, goal, start, stop)) for start, stop in ends]
        result = joined(parts).to(inputs.device)
        if bool(result.wrong.all()) and self.skip_wrong:
            warnings.warn(
                f"{self.name} had nothing to do: none of the {len(result)} samples is classified as its label says; "
                "check the labels, and that the inputs are what the model was trained on",
                stacklevel=2,
            )
        return result

    def problem(self, inputs: Tensor, labels: Tensor, goal: Goal, start: int, stop: int) -> Problem:
        """Samples ``start`` to ``stop`` as :meth:`perturb` takes them, on the model's device. Nothing is checked."""
        device = next(itertools.chain(self.model.parameters(), self.model.buffers()), inputs).device

        def chosen(number: float | Tensor, rank: int, dtype: torch.dtype = inputs.dtype) -> Tensor:
            """A number, or the part of what there is for every sample."""
            tensor = torch.as_tensor(number, dtype=dtype)
            return (tensor[start:stop] if tensor.ndim == rank and len(tensor) == len(inputs) else tensor).to(device)

        eps = math.inf if self.eps is None else self.eps
        none = torch.zeros(stop - start, dtype=torch.int64, device=device)
        return Problem(
            model=ChannelsLast(self._answer) if self.channels_last else self._answer,
            goal=goal,
            norm=self.norm,
            inputs=inputs[start:stop].to(device, copy=True),
            labels=labels[start:stop].to(device, copy=True),
            eps=chosen(eps, 1).expand(stop - start),
            low=chosen(self.bounds[0], inputs.ndim),
            high=chosen(self.bounds[1], inputs.ndim),
            rows=torch.arange(stop - start, device=device),
            total=stop - start,
            generator=generator(self.seed, "attack", self.name, start),
            spent=Spent(none, none.clone()),
            exact_eps=chosen(eps, 1, torch.float64).expand(stop - start),
        )

    def _answer(self, inputs: Tensor) -> Any:
        output = self.model(inputs)
        return logarithms(output) if self.outputs == "probabilities" else output

    def attacked(self, problem: Problem) -> AttackResult:
        """Attack a problem and judge what came out."""
        before = problem.output(problem.inputs)
        problem.goal.check(before, problem.labels)
        wrong = problem.fooled(before)
        attacked, success = problem.inputs.clone(), wrong.clone()
        chosen = (~wrong).nonzero().flatten() if self.skip_wrong else problem.rows
        if len(chosen):
            part = problem.part(chosen)
            made = seal(self.perturb(part).detach(), part)
            attacked[chosen] = made
            success[chosen] = part.fooled(part.output(made))
        return AttackResult(
            attacked,
            success,
            wrong,
            _rounded_down(size(attacked.double() - problem.inputs.double(), self.norm), attacked.dtype),
            problem.spent.queries,
            problem.spent.gradients,
            self.norm,
        )


def seal(attacked: Tensor, problem: Problem) -> Tensor:
    """Attacked inputs that keep eps and bounds to the last bit; adding a perturbation to its sample may round up.

    Args:
        attacked: inputs that keep both up to rounding.
        problem: whose samples they are.

    Raises:
        InputError: an attack left its ball by more than rounding, or gave NaN: a fault of the attack.
    """
    attacked = problem.clip(attacked)
    limit = problem.eps.double() if problem.exact_eps is None else problem.exact_eps
    inputs = problem.inputs.double()
    for attempt in range(8):
        change = attacked.double() - inputs
        far_out = size(change, problem.norm)
        over = ~(far_out <= limit)
        if not bool(over.any()):
            return attacked
        rounding = torch.finfo(attacked.dtype).eps * (far_out + attacked.double().flatten(1).abs().amax(dim=1))
        if not bool((far_out <= limit + 256 * rounding).all()):
            break
        if problem.norm != "linf":  # every coordinate together
            share = 2**attempt * rounding / far_out.clamp(min=_TINY)
            nearer = (inputs + change * per_sample((1 - share).clamp(min=0), change)).to(attacked.dtype)
            attacked = torch.where(per_sample(over, attacked), nearer, attacked)
        elif attempt == 0:
            attacked = (inputs + project(change, limit, "linf")).to(attacked.dtype)
        else:
            far = change.abs() > per_sample(limit, change)
            attacked = torch.where(far, torch.nextafter(attacked, problem.inputs), attacked)
    raise InputError("an attack left its ball by more than rounding: this is a fault of the attack, please report it")


def _rounded_down(exact: Tensor, dtype: torch.dtype) -> Tensor:
    """The largest numbers of a type that are no larger: a distance within 0.1 must not be told as 0.1 and a little."""
    near = exact.to(dtype)
    return torch.where(near.double() > exact, torch.nextafter(near, torch.zeros_like(near)), near)
