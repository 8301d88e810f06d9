"""What a task's step may ask of the engine that drives it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from torch import Tensor, nn
from torch.optim import Optimizer

from burnish.data.batch import Batch


class Stepper(Protocol):
    """The part of :class:`burnish.training.engine.Engine` that tasks see.

    ``model`` is what a training forward goes through (wrapped for several ranks, compiled); ``module`` is the
    user's own module underneath, for anything that is not the training forward.
    """

    model: nn.Module
    module: nn.Module
    optimizers: dict[str, Optimizer]
    step: int
    epoch: int
    steps_per_epoch: int
    accumulate: int
    needs_closure: bool

    def precision(self) -> AbstractContextManager[object]:
        """The autocast context of this run; costs nothing in full precision."""
        ...

    def parts(self, batch: Batch) -> Iterator[Batch]:
        """The batch in ``accumulate`` micro-batches."""
        ...

    def backward(self, loss: Tensor, name: str | None = None, *, share: float = 1.0) -> None:
        """Add the gradients of ``loss`` to the parameters of optimizer ``name`` alone.

        Args:
            loss: a scalar with its graph.
            name: of the optimizer; may be left out where there is only one.
            share: of the batch that this loss is the mean of, so that the penalties are added once.
        """
        ...

    def update(self, name: str | None = None) -> None:
        """Clip, step the optimizer, clear its gradients, apply constraints."""
        ...

    def update_with_closure(self, loss: Callable[[Batch], Tensor], batch: Batch) -> Tensor:
        """One step of an optimizer that evaluates the loss itself (L-BFGS, Newton-CG); returns the loss, detached."""
        ...

    def note(self, **values: Tensor) -> None:
        """Report scalars of this step as means beside the loss."""
        ...
