"""Samples under attack: their model, their goal, their limits, and what was spent on each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from burnish.attacks.goal import Goal
from burnish.attacks.norms import Norm, per_sample, project, random_point, steepest
from burnish.common.errors import InputError


@dataclass(frozen=True)
class Spent:
    """What each sample of a batch has cost so far, ``(N,)`` each: forward passes, and gradients among them."""

    queries: Tensor
    gradients: Tensor


@dataclass(frozen=True)
class Problem:
    """What an attack works on. :meth:`part` narrows it to the samples that are still worth the work.

    Letters: ``N`` samples of this part.

    Args:
        model: from inputs to outputs; counted calls go through :meth:`output` and :meth:`gradient`.
        goal: the loss to raise, and what counts as fooled.
        norm: how size is measured.
        inputs: the samples as they were ``(N, *)``.
        labels: what the goal takes beside outputs, ``(N, ...)``.
        eps: largest perturbation of each sample ``(N,)``; infinite where an attack looks for the smallest one.
        low, high: bounds, numbers or tensors that line up with one sample or with all ``(N, *)``.
        rows: place of each sample in the batch ``(N,)``.
        total: samples of the batch.
        generator: of random numbers; draws are made for the whole batch, so that they do not depend on who is left.
        spent: by every sample of the batch.
        exact_eps: eps in double precision, which the answer has to keep where rounding made ``eps`` a little larger.
    """

    model: Callable[[Tensor], Any]
    goal: Goal
    norm: Norm
    inputs: Tensor
    labels: Tensor
    eps: Tensor
    low: Tensor
    high: Tensor
    rows: Tensor
    total: int
    generator: torch.Generator
    spent: Spent
    exact_eps: Tensor | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def part(self, kept: Tensor) -> Problem:
        """The problem of some samples alone, chosen by a mask or by numbers; costs go to the same account."""
        return replace(
            self,
            inputs=self.inputs[kept],
            labels=self.labels[kept],
            eps=self.eps[kept],
            exact_eps=None if self.exact_eps is None else self.exact_eps[kept],
            low=self._limit(self.low, kept),
            high=self._limit(self.high, kept),
            rows=self.rows[kept],
        )

    def _limit(self, limit: Tensor, kept: Tensor) -> Tensor:
        return limit[kept] if limit.ndim == self.inputs.ndim and len(limit) == len(self) else limit

    def output(self, inputs: Tensor) -> Any:
        """What the model says, without gradients; one query a sample."""
        self._count(self.spent.queries)
        with torch.no_grad():
            return self.model(inputs)

    def gradient(
        self, inputs: Tensor, objective: Callable[[Any, Tensor], Tensor] | None = None
    ) -> tuple[Tensor, Any, Tensor]:
        """One gradient a sample, with no gradient of any parameter computed.

        Args:
            inputs: where, ``(N, *)``.
            objective: from outputs and labels to one number a sample; the goal's loss by default.

        Returns:
            The gradient ``(N, *)``, the output and the objective ``(N,)`` there, all without a graph.

        Raises:
            InputError: the output does not depend on the inputs in a way that can be differentiated.
        """
        self._count(self.spent.queries)
        self._count(self.spent.gradients)
        with torch.enable_grad():
            leaf = inputs.detach().requires_grad_(True)
            output = self.model(leaf)
            value = (objective or self.goal.loss)(output, self.labels)
            gradient = torch.autograd.grad(value.sum(), leaf, allow_unused=True)[0] if value.requires_grad else None
        if gradient is None:
            raise InputError(
                "the model's output has no gradient with respect to its inputs (it detaches them, or computes under "
                "torch.no_grad): attack it by its answers alone, with square or hop-skip-jump"
            )
        return gradient, _without_graph(output), value.detach()

    def _count(self, account: Tensor) -> None:
        account.index_add_(0, self.rows, torch.ones_like(self.rows))

    def fooled(self, output: Any) -> Tensor:
        """Which samples are where the goal wants them, ``(N,)`` bool."""
        return self.goal.fooled(output, self.labels)

    def loss(self, output: Any) -> Tensor:
        """The goal's loss of each sample ``(N,)``."""
        return self.goal.loss(output, self.labels)

    def within(self, inputs: Tensor) -> Tensor:
        """The nearest inputs within eps, then within the bounds, which brings them no farther from the start."""
        return self.clip(self.inputs + project(inputs - self.inputs, self.eps, self.norm))

    def clip(self, inputs: Tensor) -> Tensor:
        """The inputs within the bounds."""
        return torch.minimum(torch.maximum(inputs, self.low), self.high)

    def step(self, inputs: Tensor, gradient: Tensor, length: Tensor) -> Tensor:
        """A steepest step of ``length`` ``(N,)`` from ``inputs`` along a gradient, then back :meth:`within`.

        A step in L1 moves few coordinates, so those that stand at their bound are left out: Croce and Hein 2021,
        "Mind the box", arXiv:2103.01208, section 2.
        """
        if self.norm == "l1":
            stuck = ((inputs >= self.high) & (gradient > 0)) | ((inputs <= self.low) & (gradient < 0))
            gradient = gradient.masked_fill(stuck, 0)
        return self.within(inputs + per_sample(length, inputs) * steepest(gradient, self.norm))

    def random_start(self) -> Tensor:
        """A point drawn evenly from the ball around each sample, moved within the bounds."""
        shape = torch.Size([self.total, *self.inputs.shape[1:]])
        drawn = random_point(shape, self.norm, self.generator).to(self.inputs)[self.rows]
        return self.clip(self.inputs + drawn * per_sample(self.eps, drawn))


def _without_graph(output: Any) -> Any:
    from burnish.models.auxiliary import main_output

    return main_output(output).detach() if isinstance(main_output(output), Tensor) else output
