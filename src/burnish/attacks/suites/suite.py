"""Attacks one after another on the same samples: the worst case of each sample is what counts."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

import torch
from torch import Tensor

from burnish.attacks.attack import Attack
from burnish.attacks.norms import Norm
from burnish.attacks.problem import Problem
from burnish.attacks.result import AttackResult
from burnish.attacks.suites.suite_result import SuiteResult, Trial
from burnish.common.errors import InputError
from burnish.common.intervals import proportion

_SHARED = {field.name for field in fields(Attack)}


@dataclass(frozen=True, eq=False)
class Suite:
    """Attacks on one model within one ball, each on the samples that none before it fooled.

    A sample counts as robust when no attack fools it: Croce and Hein 2020, "Reliable evaluation of adversarial
    robustness with an ensemble of diverse parameter-free attacks", arXiv:2003.01690, section 5.

    Args:
        name: what reports call it.
        attacks: on the same model with the same norm; cheap ones first save the work of the others.
        every: try each attack on every sample that is right at the start, so that each one's own robust accuracy is
            known too. The worst case is then no other, and costs more.

    Raises:
        InputError: there is no attack, or two do not fit together.

    >>> from burnish.attacks import FGSM, PGD
    >>> model = torch.nn.Linear(2, 2).eval()
    >>> [attack.name for attack in Suite("mine", (FGSM(model, eps=0.1), PGD(model, eps=0.1))).attacks]
    ['fgsm', 'pgd']
    """

    name: str
    attacks: Sequence[Attack]
    every: bool = False

    def __post_init__(self) -> None:
        if not self.attacks:
            raise InputError("a suite needs at least one attack, got none")
        first = self.attacks[0]
        for other in self.attacks[1:]:
            if other.model is not first.model or other.norm != first.norm:
                what = "model" if other.model is not first.model else "norm"
                raise InputError(
                    f"the attacks of a suite share one model and one norm, and {other.name} has another {what} than "
                    f"{first.name}: measure them apart"
                )

    @property
    def norm(self) -> Norm:
        """How perturbations are measured."""
        return self.attacks[0].norm

    def within(self, eps: float) -> Suite:
        """The same attacks in a ball of another size."""
        return replace(self, attacks=tuple(replace(attack, eps=eps) for attack in self.attacks))

    def run(
        self,
        inputs: Tensor,
        labels: Tensor,
        *,
        confidence: float = 0.95,
        spared: Tensor | None = None,
        on_start: Callable[[str, int], None] | None = None,
    ) -> SuiteResult:
        """Attack a batch with all of them.

        Args:
            inputs: ``(N, *)`` floats within the bounds.
            labels: the true classes ``(N,)``.
            confidence: level of every interval.
            spared: samples ``(N,)`` that need no attack, since they are known to be fooled; they count as not robust.
            on_start: called before each attack with its name and the number of samples that it tries.

        Returns:
            What came of each sample and of each attack.

        Raises:
            InputError: inputs, labels or outputs that cannot be used, or no sample is right before any attack.
        """
        count = len(inputs)
        proportion(1, 2, confidence)  # refuses a level that cannot be, before the work
        right = ~_Untouched(**_shared(self.attacks[0]), skip_wrong=False).run(inputs, labels).wrong
        if not bool(right.any()):
            raise InputError(
                f"none of the {count} samples is classified as its label says, so there is no robustness to measure: "
                "check the labels, and that the inputs are what the model was trained on"
            )
        attacked, fooled_by = inputs.clone(), torch.full((count,), -1, device=inputs.device)
        left = right if spared is None else right & ~spared
        started_with, trials = left, []
        for place, attack in enumerate(self.attacks):
            chosen = (started_with if self.every else left).nonzero().flatten()
            if on_start is not None:
                on_start(attack.name, len(chosen))
            started = time.perf_counter()
            found = attacked_part(attack, inputs, labels, chosen)
            fooled = chosen[found.success] if found is not None else chosen
            new = fooled[left[fooled]]
            if found is not None:
                attacked[new] = found.inputs[found.success & left[chosen]]
            fooled_by[new] = place
            left = left.clone()
            left[new] = False
            all_tried = len(chosen) == int(right.sum())
            trials.append(
                Trial(
                    attack=attack.name,
                    options=_options(attack),
                    tried=len(chosen),
                    fooled=len(new),
                    so_far=proportion(int(left.sum()), count, confidence),
                    alone=proportion(len(chosen) - len(fooled), count, confidence) if all_tried else None,
                    queries=int(found.queries.sum()) if found is not None else 0,
                    gradients=int(found.gradients.sum()) if found is not None else 0,
                    seconds=time.perf_counter() - started,
                )
            )
        return SuiteResult(
            suite=self.name,
            norm=self.norm,
            eps=self.attacks[0].eps,
            trials=tuple(trials),
            inputs=attacked,
            labels=labels,
            right=right,
            robust=left,
            fooled_by=fooled_by,
            confidence=confidence,
        )


@dataclass(frozen=True, eq=False)
class _Untouched(Attack):
    """Changes nothing: what the model says of the samples as they are."""

    name: ClassVar[str] = "the model itself"
    needs_eps: ClassVar[bool] = False

    def perturb(self, problem: Problem) -> Tensor:
        return problem.inputs


def _shared(attack: Attack) -> dict[str, Any]:
    kept = _SHARED - {"skip_wrong", "_"}
    return {name: getattr(attack, name) for name in kept}


def attacked_part(attack: Attack, inputs: Tensor, labels: Tensor, chosen: Tensor) -> AttackResult | None:
    """An attack on some of the samples, with the radius and the bounds that are theirs.

    Args:
        attack: whose eps and bounds may be those of every sample.
        inputs: all samples ``(N, *)``.
        labels: their classes ``(N,)``.
        chosen: places of those to attack ``(n,)``; None comes back where there are none.
    """
    if not len(chosen):
        return None
    count = len(inputs)

    def part(number: Any, rank: int) -> Any:
        """What belongs to the chosen samples of a number for each sample; one number for all stays."""
        is_each = isinstance(number, Tensor) and number.ndim == rank and len(number) == count
        return number[chosen.to(number.device)] if is_each else number

    low, high = (part(bound, inputs.ndim) for bound in attack.bounds)
    narrowed = replace(attack, eps=part(attack.eps, 1), bounds=(low, high))
    with warnings.catch_warnings():
        # A model whose answers are random may get all of the chosen wrong at the second look.
        warnings.filterwarnings("ignore", message=".* had nothing to do")
        return narrowed.run(inputs[chosen], labels[chosen])


def _options(attack: Attack) -> dict[str, Any]:
    """The attack's own settings, as plain data."""
    own = {field.name: getattr(attack, field.name) for field in fields(attack) if field.name not in _SHARED}
    return {name: value for name, value in own.items() if value is None or isinstance(value, bool | int | float | str)}
