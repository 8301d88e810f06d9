"""The attack inside a training step."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from burnish.attacks.attack import Attack
from burnish.attacks.white_box.fgsm import FGSM
from burnish.attacks.white_box.gradient_step import GradientStep
from burnish.attacks.white_box.pgd import PGD
from burnish.common.errors import InputError
from burnish.defences.adversarial.options import HardeningOptions
from burnish.models.auxiliary import main_output

_STEPS = {"pgd": 7, "trades": 10}
_ONE_STEP = 1.25
"""Length of fast's step as a share of eps; Wong, Rice and Kolter 2020, section 5.1."""


class Diverge:
    """Away from a given answer: the Kullback-Leibler divergence from clean probabilities ``(N, classes)``.

    Source: Zhang et al. 2019, "Theoretically principled trade-off between robustness and accuracy" (TRADES),
    arXiv:1901.08573, eq. 5.

    >>> clean = torch.tensor([[0.5, 0.5]])
    >>> Diverge().loss(torch.zeros(1, 2), clean)
    tensor([0.])
    """

    def check_labels(self, labels: Any, count: int) -> None:
        """Clean probabilities are the task's own: nothing to refuse."""

    def check(self, output: Any, labels: Tensor) -> None:
        """Any logits can diverge."""

    def loss(self, output: Any, labels: Tensor) -> Tensor:
        answer = main_output(output).float().log_softmax(dim=1)
        return F.kl_div(answer, labels, reduction="none").sum(dim=1)

    def fooled(self, output: Any, labels: Tensor) -> Tensor:
        return torch.zeros(len(labels), dtype=torch.bool, device=labels.device)


def inner_attack(module: nn.Module, options: HardeningOptions, eps: float, seed: int) -> Attack:
    """The attack of a training step, which works on every sample to its end.

    Args:
        module: what is trained.
        options: how.
        eps: largest perturbation at this moment.
        seed: of random starts.
    """
    share = eps / options.eps if options.eps else 1.0  # of a growing eps: the steps grow with it
    length = None if options.step_size is None else options.step_size * share
    if options.with_ == "gradient":
        return GradientStep(module, options.scale or 1.0, eps=eps, norm=options.norm, seed=seed, training=True)
    if options.with_ == "fast":
        step = _ONE_STEP if length is None else length / eps
        return FGSM(module, eps=eps, norm=options.norm, random_start=True, step=step, seed=seed, training=True)
    steps = options.attack_steps or _STEPS[options.with_]
    return PGD(
        module, eps=eps, norm=options.norm, steps=steps, step_size=length, early_stop=False, seed=seed, training=True
    )


def check_hardening(options: HardeningOptions) -> None:
    """Refuse options that cannot be, or that would change nothing.

    Raises:
        InputError: one line that names the option.
    """
    if options.eps is None or not options.eps > 0:
        got = "nothing" if options.eps is None else f"{options.eps:g}"
        raise InputError(
            f"eps must be a positive number, got {got}: it is what the model shall withstand, --eps 8/255 for photos"
        )
    if options.with_ == "gradient" and (options.scale is None or not options.scale > 0):
        got = "nothing" if options.scale is None else f"{options.scale:g}"
        raise InputError(f"gradient needs a positive scale, the factor on the gradient (100, say), got {got}")
    if options.with_ != "gradient" and options.scale is not None:
        raise InputError(f"scale has no effect with {options.with_}: it is the factor of gradient, leave it out")
    if options.with_ not in _STEPS and options.attack_steps is not None:
        raise InputError(f"attack_steps has no effect with {options.with_}, which takes one step: use pgd or trades")
    if options.attack_steps is not None and options.attack_steps < 1:
        raise InputError(f"attack_steps must be at least 1, got {options.attack_steps}")
    if options.step_size is not None and (options.with_ == "gradient" or options.step_size <= 0):
        why = (
            "has no effect with gradient"
            if options.with_ == "gradient"
            else f"must be positive, got {options.step_size:g}"
        )
        raise InputError(f"step_size {why}: leave it out")
    if options.with_ != "trades" and options.beta != HardeningOptions.__dataclass_fields__["beta"].default:
        raise InputError(f"beta has no effect with {options.with_}: it is the weight of the robust part of trades")
    for name in ("beta", "eps_warmup", "robust_samples"):
        if getattr(options, name) < 0:
            raise InputError(f"{name} must be 0 or more, got {getattr(options, name)}")
