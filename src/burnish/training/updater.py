"""From a loss to changed weights: gradients, penalties, clipping, averaging over ranks, optimizers and their rates."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from burnish.common.errors import InputError
from burnish.data.batch import Batch
from burnish.tasks.task import Task
from burnish.training.channel_penalty import ChannelPenalty
from burnish.training.clipping import clip_
from burnish.training.distributed import sync_grads
from burnish.training.optimizers import build_optimizer, closure_kind
from burnish.training.options import TrainingOptions
from burnish.training.penalties import Penalty
from burnish.training.sharded import mesh_of


class BadLossError(Exception):
    """The loss of the current batch is not finite; the engine turns this into a message for the user."""


class Updater:
    """The optimizers of a run and everything between ``loss`` and ``optimizer.step()``.

    Args:
        module: the model.
        task: names the parameters of each optimizer.
        options: resolved options.
        ranks: processes that share a batch.
        syncs: average gradients over the ranks here, because no wrapper of the model does it.
        checks: look at every loss before it is differentiated (one read of a number; free on a CPU, a stop on a GPU).

    Raises:
        InputError: nothing to train, or an optimizer that this task cannot use.
    """

    def __init__(
        self, module: nn.Module, task: Task, options: TrainingOptions, *, ranks: int = 1, syncs: bool, checks: bool
    ) -> None:
        self.parameters = task.parameter_groups(module)
        if not any(self.parameters.values()):
            raise InputError(f"{type(module).__name__} has no trainable parameters: there is nothing to fit")
        if options.optimizer is None:
            raise InputError("no optimizer was chosen: pass options through burnish.training.defaults.resolve_options")
        self.optimizers: dict[str, Optimizer] = {
            name: build_optimizer(
                options.optimizer,
                parameters,
                learning_rate=options.learning_rate,
                momentum=options.momentum,
                weight_decay=options.weight_decay or 0.0,
                module=module,
                layer_decay=options.layer_decay,
            )
            for name, parameters in self.parameters.items()
        }
        self._only = next(iter(self.optimizers)) if len(self.optimizers) == 1 else None
        self._closure_kind = closure_kind(next(iter(self.optimizers.values())))
        if self.needs_closure and (self._only is None or options.accumulate > 1 or ranks > 1):
            raise InputError(
                f"{options.optimizer} works with one optimizer, one process and accumulate 1: "
                "use adamw or momentum here"
            )
        self._penalties = _penalties(module, self.parameters, options)
        self._clip_norm, self._clip_value = options.clip_norm, options.clip_value
        self._clips = options.clip_norm is not None or options.clip_value is not None
        self._ranks, self._syncs, self._checks = ranks, syncs, checks
        self._sharded = mesh_of(module) is not None
        self._base_rates = {
            name: [group["lr"] for group in optimizer.param_groups] for name, optimizer in self.optimizers.items()
        }
        self._applied_factor: float | None = None

    @property
    def needs_closure(self) -> bool:
        """True for optimizers that evaluate the loss themselves."""
        return self._closure_kind != "none"

    @property
    def learning_rate(self) -> float:
        """The rate of the first optimizer at this moment."""
        return float(next(iter(self.optimizers.values())).param_groups[0]["lr"])

    def backward(self, loss: Tensor, name: str | None = None, *, share: float = 1.0) -> None:
        """Add gradients of ``loss`` plus ``share`` of the penalties to the parameters of one optimizer.

        Raises:
            BadLossError: the loss is not finite; no gradient was taken.
        """
        if self._sharded:
            # Sharded weights get the loss's gradients from a collective, which no other gradient may run into.
            loss.backward()
            if self._penalties:
                (share * self._penalties[name or self.only()]()).backward()
            return
        if self._penalties:
            loss = loss + share * self._penalties[name or self.only()]()
        if self._checks and not math.isfinite(loss.item()):
            raise BadLossError
        if self._only is not None:
            loss.backward()
        else:
            loss.backward(inputs=self.parameters[name or self.only()])

    def update(self, name: str | None = None) -> None:
        """Average over ranks, clip, step, clear."""
        name = name or self._only or self.only()
        optimizer = self.optimizers[name]
        if self._syncs:
            sync_grads(self.parameters[name], self._ranks)
        if self._clips:
            clip_(self.parameters[name], self._clip_norm, self._clip_value)
        optimizer.step()
        for parameter in self.parameters[name]:  # 6 us less a step than zero_grad, which does the same
            parameter.grad = None

    def update_with_closure(self, loss: Callable[[Batch], Tensor], batch: Batch) -> Tensor:
        """One step of L-BFGS or Newton-CG; returns the loss (with penalties) before it, detached.

        Raises:
            BadLossError: the loss is not finite.
        """
        name = self.only()
        optimizer = self.optimizers[name]

        def closure() -> Tensor:
            value = loss(batch)
            if self._penalties:
                value = value + self._penalties[name]()
            if self._closure_kind == "backward":
                optimizer.zero_grad()
                value.backward()
            return value

        result: Any = optimizer.step(closure)  # type: ignore[arg-type]
        value = torch.as_tensor(result).detach()
        if not math.isfinite(value.item()):
            raise BadLossError
        return value

    def only(self) -> str:
        """The name of the one optimizer.

        Raises:
            InputError: there are several, so a step must say which it means.
        """
        if self._only is None:
            raise InputError(f"this task has several optimizers ({', '.join(self.optimizers)}): name one")
        return self._only

    def set_rates(self, factor: float) -> None:
        """Multiply every base learning rate by a factor."""
        if factor == self._applied_factor:
            return
        self._applied_factor = factor
        for name, optimizer in self.optimizers.items():
            for group, rate in zip(optimizer.param_groups, self._base_rates[name], strict=True):
                group["lr"] = rate * factor

    def state_dict(self) -> dict[str, Any]:
        """The state of every optimizer."""
        return {name: optimizer.state_dict() for name, optimizer in self.optimizers.items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back :meth:`state_dict`."""
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(state[name])
        self._applied_factor = None


def _penalties(
    module: nn.Module, parameters: dict[str, list[nn.Parameter]], options: TrainingOptions
) -> dict[str, Callable[[], Tensor]]:
    """What each optimizer adds to its loss; empty where nothing is penalised, so that a step pays nothing for it.

    Raises:
        InputError: a penalty that has nothing to work on.
    """
    found: dict[str, Callable[[], Tensor]] = {}
    if options.l1 > 0 or options.l2 > 0:
        found = {name: Penalty(group, options.l1, options.l2) for name, group in parameters.items()}
    if not (options.slimming > 0 or options.group_lasso > 0):
        return found
    channels = {
        name: ChannelPenalty(module, group, options.slimming, options.group_lasso) for name, group in parameters.items()
    }
    if all(penalty.lacks for penalty in channels.values()):  # of several networks, one may have nothing to slim
        lacks = next(iter(channels.values())).lacks
        raise InputError(f"{lacks}: leave it out, or choose a model that has one")
    return {name: _both(found[name], penalty) if found else penalty for name, penalty in channels.items()}


def _both(first: Callable[[], Tensor], second: Callable[[], Tensor]) -> Callable[[], Tensor]:
    return lambda: first() + second()
