"""What adversarial training is told. Imported by the command line, so no torch here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MethodName = Literal["gradient", "fast", "pgd", "trades"]


@dataclass(frozen=True, kw_only=True)
class HardeningOptions:
    """How to attack while training."""

    with_: MethodName = "pgd"
    """How samples are attacked: gradient (a step along the raw gradient), fast (one sign step from a random start),
    pgd (several), trades (several, away from the clean answer, which counts as well)."""
    eps: float | None = None
    """Largest perturbation, as in 8/255: what the model shall withstand."""
    norm: Literal["linf", "l2", "l1"] = "linf"
    """How a perturbation is measured."""
    attack_steps: int | None = None
    """Gradient steps of pgd and trades. Default: 7 for pgd, 10 for trades."""
    step_size: float | None = None
    """Length of an attack's step. Default: 2.5 eps / steps; 1.25 eps for fast."""
    scale: float | None = None
    """Factor on the gradient for gradient; eps still limits the step."""
    beta: float = 6.0
    """Weight of the robust part of trades."""
    eps_warmup: float = 0.0
    """Epochs in which eps grows from 0 to its full size."""
    robust_samples: int = 512
    """Validation samples that are attacked with PGD-10 after every epoch: the best epoch becomes the result, and a
    collapse is taken back."""
