"""Random noise of the size of a perturbation: what an attack must beat before it may be called one."""

from __future__ import annotations

import torch
from torch import Tensor

from burnish.attacks.checks import Bounds
from burnish.attacks.norms import Norm, per_sample, project, size

_ROUNDS = 20


def noise_of_equal_size(
    inputs: Tensor, attacked: Tensor, norm: Norm, bounds: Bounds, generator: torch.Generator
) -> Tensor:
    """Inputs with noise that is as large as what an attack added to each, and stays within the bounds.

    In linf every coordinate moves by the full size, up or down at random, which is the largest noise that the norm
    allows; in l2 and l1 the direction is drawn evenly. What the bounds cut off is made good by the other coordinates.

    Args:
        inputs: samples as they were ``(N, *)``.
        attacked: the same, attacked.
        norm: how size is measured.
        bounds: smallest and largest value of an input.
        generator: of the noise, on the CPU.

    >>> x = torch.full((1, 2, 2), 0.5)
    >>> noisy = noise_of_equal_size(x, x + 0.1, "linf", (0.0, 1.0), torch.Generator().manual_seed(0))
    >>> (noisy - x).abs().max()
    tensor(0.1000)
    """
    low, high = (torch.as_tensor(bound, dtype=inputs.dtype, device=inputs.device) for bound in bounds)
    wanted = size(attacked - inputs, norm)
    draw = torch.randn(inputs.shape, generator=generator).to(inputs)
    noise = draw.sign() if norm == "linf" else draw
    noise = noise * per_sample(wanted / size(noise, norm), noise)
    for _ in range(1 if norm == "linf" else _ROUNDS):
        noise = torch.minimum(torch.maximum(inputs + noise, low), high) - inputs
        if norm != "linf":
            noise = noise * per_sample(wanted / size(noise, norm).clamp(min=1e-12), noise)
    noise = project(noise, wanted, norm)
    return torch.minimum(torch.maximum(inputs + noise, low), high)
