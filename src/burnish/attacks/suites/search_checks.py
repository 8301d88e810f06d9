"""What the outcome of attacks says about the attacks: whether a stronger one would have found more."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from burnish.attacks.attack import Attack
from burnish.attacks.suites.catalogue import create
from burnish.attacks.suites.finding import Finding
from burnish.attacks.suites.suite import Suite, attacked_part
from burnish.attacks.suites.suite_result import SuiteResult

_SHARED = ("norm", "bounds", "outputs", "training", "batch_size", "seed")
_STEPS, _FAR_STEPS = 100, 50
_FEW_POINTS = 0.05
"""Share of the samples that more steps may gain before the steps so far count as too few."""
_FEW_SAMPLES = 0.01
"""Share of the samples that chance gives an attack over another, or that a search may miss in the whole space."""


def check_black_box(suite: Suite, result: SuiteResult, inputs: Tensor, labels: Tensor) -> list[Finding]:
    """Whether an attack without gradients fooled what attacks with gradients could not.

    The gradients may mislead then: Athalye, Carlini and Wagner 2018, arXiv:1802.00420, section 3.1. Or the attacks that
    used them were weak: those samples are attacked again with gradients, harder, and only what withstands that counts.

    Args:
        suite: that was run.
        result: what came of it; attacks with gradients come first.
        inputs: what it was run on ``(N, *)``.
        labels: their classes ``(N,)``.
    """
    found, gradients, few = [], False, max(1.0, _FEW_SAMPLES * len(result))
    for place, trial in enumerate(result.trials):
        if gradients and trial.tried and not trial.gradients and trial.fooled > few:
            chosen = (result.fooled_by == place).nonzero().flatten()
            fooled = _fooled(_harder(suite.attacks[0]), inputs, labels, chosen)
            if len(chosen) - fooled > few:
                found.append(_misleading(trial.attack, len(chosen) - fooled))
            else:
                found.append(_weak(trial.attack, len(chosen), fooled))
        gradients |= trial.gradients > 0
    return found


def _harder(attack: Attack) -> Attack:
    """What an attack with gradients can do with much more time."""
    shared = {name: getattr(attack, name) for name in _SHARED}
    if attack.norm == "l1":
        return create("pgd", attack.model, eps=attack.eps, steps=_STEPS, restarts=5, **shared)
    return create("apgd-ce", attack.model, eps=attack.eps, steps=_STEPS, restarts=5, **shared)


def _misleading(attack: str, count: int) -> Finding:
    return Finding(
        "black-box-better",
        "error",
        f"{attack}, which uses no gradients, fooled {count} samples that no attack with gradients could",
        "The model's gradients do not show the way that exists. Attacks by gradients, and a robust accuracy from them, "
        "overstate what the model withstands.",
        "give square many more queries, attack with square or hop-skip-jump alone, and look for rounding, thresholds "
        "or noise in the model",
    )


def _weak(attack: str, count: int, fooled: int) -> Finding:
    return Finding(
        "weak-gradient-attacks",
        "info",
        f"{attack}, which uses no gradients, fooled {count} samples that the attacks with gradients left",
        f"With many more steps gradients fool {fooled} of them too: the model hides nothing, but the attacks of this "
        "suite were not strong enough to say what it withstands.",
        "publish the number of the standard suite, which is lower",
    )


def check_search(suite: Suite, inputs: Tensor, labels: Tensor, chosen: Tensor, robust: Tensor) -> list[Finding]:
    """Whether many more steps help, and whether a perturbation without limit reaches every sample.

    Carlini et al. 2019, "On evaluating adversarial robustness", arXiv:1902.06705, sections 4.3 and 5.5: more steps must
    change little, and with an unlimited perturbation accuracy must fall to nothing.

    Args:
        suite: whose model, norm and radius count; without a radius there are no more steps to try.
        inputs: what it was run on ``(N, *)``.
        labels: their classes ``(N,)``.
        chosen: places of the samples to look at ``(n,)``, right before any attack.
        robust: which samples the suite left standing ``(N,)``.
    """
    first = suite.attacks[0]
    shared = {name: getattr(first, name) for name in _SHARED}
    found = []
    if first.eps is not None:
        many = create("pgd", first.model, eps=first.eps, steps=_STEPS, **shared)
        gained = _fooled(many, inputs, labels, chosen[robust[chosen]])
        if gained > max(1, _FEW_POINTS * len(chosen)):
            found.append(_steps_help(gained, len(chosen)))
    largest = _whole_space(first, inputs)
    # To the end, so that a random model is not judged at the very border where the first draw was wrong.
    far = create("pgd", first.model, eps=largest, steps=_FAR_STEPS, step_size=largest / 10, early_stop=False, **shared)
    missed = len(chosen) - _fooled(far, inputs, labels, chosen)
    if missed > max(1, _FEW_SAMPLES * len(chosen)):
        found.append(_not_reached(missed, len(chosen)))
    return found


def _fooled(attack: Attack, inputs: Tensor, labels: Tensor, chosen: Tensor) -> int:
    result = attacked_part(attack, inputs, labels, chosen)
    return 0 if result is None else int(result.success.sum())


def _whole_space(attack: Attack, inputs: Tensor) -> float:
    """The radius within which every input lies that the bounds allow."""
    low, high = (torch.as_tensor(bound, dtype=torch.float64) for bound in attack.bounds)
    width, count = (high - low).max().item(), inputs[0].numel()
    return {"linf": width, "l2": width * math.sqrt(count), "l1": width * count}[attack.norm]


def _steps_help(gained: int, count: int) -> Finding:
    return Finding(
        "more-steps-help",
        "warning",
        f"{_STEPS} steps of PGD fool another {gained} of {count} samples ({gained / count:.0%})",
        "The attacks were cut off before they were done: the robust accuracy is too high by about that much.",
        "use the standard suite, or PGD with more steps and several restarts, until the number stops falling",
    )


def _not_reached(missed: int, right: int) -> Finding:
    return Finding(
        "unbounded-attack-fails",
        "error",
        f"with no limit on the perturbation PGD still fails on {missed} of {right} samples ({missed / right:.0%})",
        "Any image can be turned into any other without a limit, so the search itself fails: the gradients are zero, "
        "random, or point the wrong way.",
        "attack without gradients (square, hop-skip-jump), and look for rounding, thresholds or noise in the model",
    )
