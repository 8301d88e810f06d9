"""One step along the gradient itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from burnish.attacks.attack import Attack
from burnish.attacks.problem import Problem
from burnish.common.errors import InputError


@dataclass(frozen=True, eq=False)
class GradientStep(Attack):
    """The plain ascent step ``x + scale * grad``: the larger the gradient of a sample's loss, the farther it goes.

    The first attack of many courses, and the step that FGSM takes the sign of: Goodfellow, Shlens and Szegedy 2014,
    "Explaining and harnessing adversarial examples", arXiv:1412.6572, section 3. A confident model has tiny gradients,
    so that a scale that fools one model does nothing to another; compare models at equal ``eps`` with :class:`FGSM`.

    Args:
        scale: what each sample's gradient is multiplied by; a factor, not a radius. The gradient is that of the
            sample's own loss, whatever the size of the batch.
        eps: where the step ends, measured in ``norm``; no limit but the bounds without it.

    Raises:
        InputError: a scale that is not positive.

    >>> import torch
    >>> model = torch.nn.Linear(2, 2).eval()
    >>> x, y = torch.full((1, 2), 0.5), torch.tensor([0])
    >>> near, far = (GradientStep(model, scale, skip_wrong=False)(x, y) - x for scale in (0.1, 0.2))
    >>> torch.allclose(far, 2 * near)
    True
    """

    name: ClassVar[str] = "gradient-step"
    needs_eps: ClassVar[bool] = False

    scale: float

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.scale <= 0:
            raise InputError(f"scale must be positive, got {self.scale:g}: it multiplies the gradient")

    def perturb(self, problem: Problem) -> Tensor:
        gradient, _, _ = problem.gradient(problem.inputs)
        return problem.within(problem.inputs + self.scale * gradient)
