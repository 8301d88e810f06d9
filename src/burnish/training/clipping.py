"""Clipping of gradients by their common norm and by value."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from burnish.common.errors import InputError


@torch.no_grad()
def clip_(parameters: Iterable[Tensor], norm: float | None = None, value: float | None = None) -> Tensor | None:
    """Limit the gradients of parameters, in place.

    Source: Pascanu et al. 2013, "On the difficulty of training recurrent neural networks", arXiv:1211.5063, algorithm
    1. Gives the numbers of ``torch.nn.utils.clip_grad_norm_`` and ``clip_grad_value_`` in fewer calls. With both limits
    the norm comes first, so that the norm returned is that of the gradient as it came.

    Args:
        parameters: those without a gradient are passed over.
        norm: largest L2 norm of all gradients together.
        value: largest absolute value of an entry.

    Returns:
        The norm before clipping, a scalar, if ``norm`` is given.

    Raises:
        InputError: a limit is not above 0.

    >>> weight = torch.zeros(2, requires_grad=True)
    >>> weight.grad = torch.tensor([3.0, 4.0])
    >>> clip_([weight], norm=1.0).item(), [round(entry, 3) for entry in weight.grad.tolist()]
    (5.0, [0.6, 0.8])
    """
    if norm is not None and not norm > 0:
        raise InputError(
            f"clip_norm must be above 0, got {norm}: it is the largest norm of all gradients, 1.0 is usual"
        )
    if value is not None and not value > 0:
        raise InputError(
            f"clip_value must be above 0, got {value}: it is the largest entry of a gradient, 1.0 is usual"
        )
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    total: Tensor | None = None
    if norm is not None:
        total = _clip_norm(gradients, norm)
    if value is not None and gradients:
        torch._foreach_clamp_min_(gradients, -value)
        torch._foreach_clamp_max_(gradients, value)
    return total


def _clip_norm(gradients: list[Tensor], norm: float) -> Tensor:
    if not gradients:
        return torch.tensor(0.0)
    first = gradients[0]
    if any(gradient.device != first.device or gradient.dtype != first.dtype for gradient in gradients):
        total = torch.nn.utils.get_total_norm(gradients, foreach=True)
    else:
        total = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
    if hasattr(total, "full_tensor"):  # sharded gradients: each rank holds a part of the norm
        total = total.full_tensor()
    scale = (norm / (total + 1e-6)).clamp_(max=1.0)
    if scale.device.type != "cpu":
        torch._foreach_mul_(gradients, scale)  # a look at the number would wait for the device
    elif (factor := scale.item()) != 1.0:
        torch._foreach_mul_(gradients, factor)
    return total
