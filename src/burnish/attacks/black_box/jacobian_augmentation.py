"""New samples to ask about, where the substitute's answer changes fastest."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from burnish.attacks.checks import Bounds
from burnish.models.auxiliary import main_output


def jacobian_augmented(
    model: nn.Module,
    inputs: Tensor,
    labels: Tensor,
    length: float | Tensor,
    bounds: Bounds = (0.0, 1.0),
    batch_size: int = 256,
) -> Tensor:
    """Move each sample along the sign of the substitute's gradient for the class that the target gave it.

    Source: Papernot et al. 2016, "Practical black-box attacks against machine learning", arXiv:1602.02697, algorithm 1,
    line 7: ``x + lambda * sgn(J_F[O(x)])``. The gradient of the class's log-probability has the sign of that of its
    probability, and does not vanish where the probability is near 1.

    Args:
        model: the substitute, in evaluation mode.
        inputs: ``(N, *)``.
        labels: the target's answers ``(N,)``.
        length: lambda, in the units of the inputs; negative steps lead away from the class.
        bounds: smallest and largest value of an input.
        batch_size: samples that go through the model at once.

    >>> model = nn.Linear(2, 2)
    >>> _ = model.weight.data.copy_(torch.tensor([[1.0, -1.0], [0.0, 0.0]]))
    >>> jacobian_augmented(model, torch.tensor([[0.5, 0.5]]), torch.tensor([0]), 0.25)
    tensor([[0.7500, 0.2500]])
    """
    low, high = (torch.as_tensor(bound, dtype=inputs.dtype, device=inputs.device) for bound in bounds)
    moved = []
    for part, classes in zip(inputs.split(batch_size), labels.split(batch_size), strict=True):
        with torch.enable_grad():
            leaf = part.detach().requires_grad_(True)
            chosen = -F.cross_entropy(main_output(model(leaf)), classes, reduction="sum")
            (gradient,) = torch.autograd.grad(chosen, leaf)
        moved.append(part + length * gradient.sign())
    return torch.minimum(torch.maximum(torch.cat(moved), low), high)


def signed_length(step: float | Tensor, turn: int, period: int | None = None) -> float | Tensor:
    """Lambda of a round: out of the class, and the other way after every ``period`` rounds.

    Source: Papernot, McDaniel and Goodfellow 2016, "Transferability in machine learning", arXiv:1605.07277, section on
    the periodic step size: ``lambda * (-1) ** floor(rho / tau)``. Changed: the paper's first rounds lead deeper into
    the class, where the target seldom says anything new. A negative ``step`` gives its order.

    >>> [signed_length(0.1, turn, 2) for turn in range(5)]
    [-0.1, -0.1, 0.1, 0.1, -0.1]
    """
    return step if period is not None and turn // period % 2 else -step


def reservoir(count: int, most: int, generator: torch.Generator) -> Tensor:
    """Which of ``count`` samples get a new one beside them: all, or ``most`` of them with equal chances.

    Source: Vitter 1985, "Random sampling with a reservoir"; used for this by Papernot et al. 2016, arXiv:1605.07277,
    algorithm 1. With every sample at hand a permutation draws the same.

    >>> reservoir(3, 5, torch.Generator())
    tensor([0, 1, 2])
    """
    if count <= most:
        return torch.arange(count)
    return torch.randperm(count, generator=generator)[:most].sort().values
