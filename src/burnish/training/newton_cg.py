"""Newton's method with conjugate gradients: second-order steps that never form the Hessian."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from burnish.common.errors import InputError
from burnish.common.seeding import rng_state, set_rng_state

_ARMIJO = 1e-4  # Nocedal and Wright, section 3.1
_LARGEST_EXPANSION = 10


class NewtonCG(Optimizer):
    """Truncated Newton with a backtracking line search.

    Source: Nocedal and Wright 2006, "Numerical Optimization", algorithm 7.1 (Line Search Newton-CG): conjugate
    gradients solve ``H p = -g`` until the residual is below ``min(0.5, sqrt(|g|)) |g|`` or a direction of negative
    curvature is met. Products with the Hessian come from a second backward pass (Pearlmutter 1994). Two things were
    added: the sufficient decrease is asked for up to the rounding of the loss (in the spirit of Hager and Zhang 2005,
    section 2), or single precision would stall before the minimum; and the plain gradient step that negative curvature
    leaves is lengthened while that pays, since it has no natural length.

    Meant for full batches of small models. The closure is called again under ``no_grad`` in the line search, each time
    with the random state of the first call, so that dropout draws the same mask; batch norm in training mode sees every
    call.

    Args:
        parameters: what to train; frozen ones are left alone.
        learning_rate: first length that the line search tries; 1 is Newton's own.
        tolerance: norm of the gradient below which a step does nothing.
        forcing: largest share of the gradient that the linear solve may leave, in (0, 1).
        max_products: most Hessian-vector products of one step.

    Raises:
        InputError: a number is out of range, or there is nothing to train.

    >>> x = nn.Parameter(torch.tensor([3.0, -2.0]))
    >>> loss = NewtonCG([x], forcing=1e-6).step(lambda: (x * x * torch.tensor([1.0, 10.0])).sum())
    >>> loss.item(), x.abs().max().item() < 1e-5
    (49.0, True)
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        learning_rate: float = 1.0,
        *,
        tolerance: float = 1e-7,
        forcing: float = 0.5,
        max_products: int = 100,
    ) -> None:
        if not (learning_rate > 0 and math.isfinite(learning_rate)):
            raise InputError(f"learning_rate must be above 0, got {learning_rate}: newton-cg usually takes 1.0")
        if not tolerance >= 0:
            raise InputError(f"tolerance must be 0 or more, got {tolerance}: it is the gradient norm to stop at")
        if not 0 < forcing < 1:
            raise InputError(
                f"forcing must lie in (0, 1), got {forcing}: it is the share of the gradient left unsolved"
            )
        if max_products < 1:
            raise InputError(f"max_products must be 1 or more, got {max_products}: a step needs one product at least")
        defaults = {"lr": learning_rate, "tolerance": tolerance, "forcing": forcing, "max_products": max_products}
        super().__init__(list(parameters), defaults)
        if len(self.param_groups) != 1:
            raise InputError(f"newton-cg takes one group of parameters, got {len(self.param_groups)}: join them")
        if not self._trained:
            raise InputError("newton-cg was given no parameters to train: all of them are frozen")

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor]) -> Tensor:  # type: ignore[override]
        """Move once.

        Args:
            closure: returns the scalar loss with its graph; it does not call ``backward`` and leaves ``.grad`` alone.

        Returns:
            The loss before the move, detached.

        Raises:
            InputError: the model holds an operation without a second derivative, or the loss has no gradient.
        """
        group, state = self.param_groups[0], self._counters()
        random_state = rng_state()
        with torch.enable_grad():
            loss = closure()
            if not loss.requires_grad:
                raise InputError("newton-cg needs the loss with its graph: the closure returned one without a gradient")
            gradients = torch.autograd.grad(loss, self._trained, create_graph=True, materialize_grads=True)
        start = loss.detach()
        gradient = _flat(gradients).detach()
        norm = gradient.norm().item()
        state["step"] += 1
        if not (math.isfinite(norm) and math.isfinite(start.item())) or norm <= group["tolerance"]:
            return start

        def product(vector: Tensor) -> Tensor:
            state["products"] += 1
            return self._hessian_product(gradients, vector)

        direction, curved = _solve(product, gradient, group["forcing"], group["max_products"])

        origin = [parameter.detach().clone() for parameter in self._trained]
        parts = self._unflat(direction)

        def along(length: float) -> float:
            torch._foreach_copy_(self._trained, torch._foreach_add(origin, parts, alpha=length))
            set_rng_state(random_state)
            state["evaluations"] += 1
            return closure().item()

        slope = torch.dot(gradient, direction).item()
        length = 0.0
        try:
            length = _search(along, start.item(), slope, group["lr"], start.dtype, expand=not curved)
        finally:  # also when interrupted in the middle of a search
            torch._foreach_copy_(self._trained, torch._foreach_add(origin, parts, alpha=length))
        return start

    @property
    def _trained(self) -> list[Tensor]:
        return [parameter for parameter in self.param_groups[0]["params"] if parameter.requires_grad]

    def _counters(self) -> dict[str, Any]:
        state: dict[str, Any] = self.state[self._trained[0]]
        if not state:
            state.update(step=0, products=0, evaluations=0)
        return state

    def _hessian_product(self, gradients: Sequence[Tensor], vector: Tensor) -> Tensor:
        pairs = [(g, v) for g, v in zip(gradients, self._unflat(vector), strict=True) if g.requires_grad]
        if not pairs:
            return torch.zeros_like(vector)  # the loss is linear in the parameters
        try:
            products = torch.autograd.grad(
                [g for g, _ in pairs], self._trained, [v for _, v in pairs], retain_graph=True, materialize_grads=True
            )
        except RuntimeError as error:
            if not any(sign in str(error) for sign in ("not implemented", "once_differentiable")):
                raise
            raise InputError(
                f"newton-cg needs second derivatives, and an operation of this model has none: use lbfgs or adamw "
                f"({error})"
            ) from None
        return _flat(products)

    def _unflat(self, vector: Tensor) -> list[Tensor]:
        pieces = torch.split_with_sizes(vector, [parameter.numel() for parameter in self._trained])
        return [piece.view_as(parameter) for piece, parameter in zip(pieces, self._trained, strict=True)]


def _flat(tensors: Iterable[Tensor]) -> Tensor:
    return torch.cat([tensor.reshape(-1) for tensor in tensors])


def _solve(
    product: Callable[[Tensor], Tensor], gradient: Tensor, forcing: float, max_products: int
) -> tuple[Tensor, bool]:
    """The inner loop of algorithm 7.1: a descent direction, and whether curvature gave it its length."""
    norm = gradient.norm().item()
    enough = min(forcing, math.sqrt(norm)) * norm
    solution = torch.zeros_like(gradient)
    residual = gradient.clone()
    direction = -gradient
    squared = norm * norm
    for count in range(max_products):
        curved = product(direction)
        curvature = torch.dot(direction, curved).item()
        if not curvature > torch.finfo(gradient.dtype).tiny:
            return (solution, True) if count else (-gradient, False)
        length = squared / curvature
        solution.add_(direction, alpha=length)
        residual.add_(curved, alpha=length)
        next_squared = torch.dot(residual, residual).item()
        if math.sqrt(next_squared) < enough:
            break
        direction.mul_(next_squared / squared).sub_(residual)
        squared = next_squared
    return (solution, True) if solution.isfinite().all() else (-gradient, False)


def _search(
    along: Callable[[float], float], start: float, slope: float, first: float, dtype: torch.dtype, expand: bool
) -> float:
    """Halve the length until the loss falls enough (Nocedal and Wright, algorithm 3.1); 0 where no length does."""
    rounding = 4 * torch.finfo(dtype).eps * abs(start)
    length = first
    for _ in range(40):
        value = along(length)
        if value <= start + _ARMIJO * length * slope + rounding:
            break
        length /= 2
    else:
        return 0.0
    if expand and length == first:
        for _ in range(_LARGEST_EXPANSION):
            further = along(2 * length)
            if not further < value:
                break
            length, value = 2 * length, further
    return length
