"""Sparsity that rises while the model trains."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.pruning.weights.choosing import Scope, choose
from burnish.pruning.weights.mask import put_mask_
from burnish.pruning.weights.prunable import prunable_weights
from burnish.pruning.weights.scores import Criterion, score_weights
from burnish.pruning.weights.sparsity import Sparsity, describe
from burnish.training.observers.observer import Stateless
from burnish.training.sharded import mesh_of

if TYPE_CHECKING:
    from burnish.training.engine import Engine


def gradual_sparsity(step: int, final: float, *, begin: int, every: int, times: int, initial: float = 0.0) -> float:
    """The sparsity that is due after some updates: it rises fast at first, and ever slower.

    Source: Zhu and Gupta 2017, "To prune, or not to prune", arXiv:1710.01878, eq. 1.

    Args:
        step: updates done, t.
        final: sparsity at the end, s_f.
        begin: first step of pruning, t_0; before it nothing is due.
        every: steps from one pruning to the next, delta t.
        times: how often it rises, n.
        initial: sparsity at the first, s_i.

    >>> [round(gradual_sparsity(step, 0.8, begin=100, every=50, times=2), 3) for step in (99, 149, 150, 200, 999)]
    [0.0, 0.0, 0.7, 0.8, 0.8]
    """
    if step < begin:
        return 0.0
    prunings = min((step - begin) // every, times)
    return final + (initial - final) * (1 - prunings / times) ** 3  # eq. 1


class GradualSparsity(Stateless):
    """An observer that removes more and more weights while the engine trains, and lets the rest adapt.

    Source: Zhu and Gupta 2017, arXiv:1710.01878, section 3. It puts masks over all weights when it is made, so make it
    before the engine. It has no state: masks are part of the model, and what is due follows from the step, so that a
    resumed run goes on exactly. Every rise is a row ``{"event": "sparsity"}``.

    Args:
        model: what the engine will train.
        final: share of the weights that is removed in the end, in (0, 1).
        begin: share of the steps of training before the first removal.
        end: share of the steps at which ``final`` is reached; after it the rest trains on.
        times: how often weights are removed.
        scope: as for :func:`burnish.pruning.weights.sparsify.sparsify_`, and so are the rest.
        criterion: ``magnitude``, ``random`` or a function.
        least_per_output: weights that stay with every output; with 0 a layer may come to lose all of them, which stops
            the training.
        ignore: names of modules or weights to leave alone.

    Raises:
        InputError: a number out of range, a criterion that needs data, or nothing to remove.
    """

    name = "gradual sparsity"

    def __init__(
        self,
        model: nn.Module,
        final: float,
        *,
        begin: float = 0.0,
        end: float = 0.75,
        times: int = 20,
        scope: Scope = "global",
        criterion: Criterion = "magnitude",
        least_per_output: int = 1,
        ignore: Iterable[str] = (),
    ) -> None:
        if not 0 < final < 1:
            raise InputError(f"final sparsity must lie in (0, 1), got {final}: 0.9 removes nine weights of ten")
        if not 0 <= begin < end <= 1:
            raise InputError(f"begin and end are shares of training with 0 <= begin < end <= 1, got {begin} and {end}")
        if times < 1:
            raise InputError(f"times must be at least 1, got {times}: it is how often weights are removed")
        if criterion == "taylor":
            raise InputError("criterion 'taylor' needs data at every rise: take 'magnitude', 'random' or a function")
        self.final, self.begin, self.end, self.times = final, begin, end, times
        self._scope, self._criterion, self._least = scope, criterion, least_per_output
        self._model = model
        self._weights = prunable_weights(model, ignore)
        scores = score_weights(model, self._weights, criterion)
        choose(self._weights, scores, final, scope, None, least_per_output)  # what cannot be is said before training
        for weight in self._weights:
            if weight.mask is None:
                put_mask_(weight.owners, torch.ones_like(weight.parameter, dtype=torch.bool))
        self.first = self.every = 0

    @property
    def sparsity(self) -> Sparsity:
        """What is removed at this moment."""
        return describe(self._model, self._weights)

    def subscribe(self, engine: Engine) -> None:
        """Divide the steps of the run, and listen.

        Raises:
            InputError: the engine trains another model, or sharded weights, or too few steps.
        """
        if self._model not in engine.module.modules():
            raise InputError("the engine trains another model than the one whose weights are to be removed")
        if mesh_of(engine.module) is not None:
            raise InputError("no process sees all weights when they are sharded: use --parallel ddp, or prune before")
        span = math.floor(engine.total_steps * self.end) - math.ceil(engine.total_steps * self.begin)
        if span < self.times:
            raise InputError(
                f"{self.times} removals do not fit into the {max(span, 0)} steps between {self.begin} and {self.end} "
                f"of {engine.total_steps}: train longer, or ask for fewer with times="
            )
        self.every = span // self.times
        self.first = math.floor(engine.total_steps * self.end) - self.every * self.times
        engine.events.on("step", self._raise)

    def _raise(self, engine: Engine) -> None:
        since = engine.step - self.first
        if since <= 0 or since % self.every or since > self.every * self.times:
            return
        due = gradual_sparsity(engine.step, self.final, begin=self.first, every=self.every, times=self.times)
        scores = score_weights(self._model, self._weights, self._criterion, seed=0)
        found = choose(self._weights, scores, due, self._scope, None, self._least)
        for weight, removed in zip(self._weights, found, strict=True):
            put_mask_(weight.owners, ~removed)
        reached = self.sparsity.sparsity
        engine.emit({"event": "sparsity", "step": engine.step, "sparsity": round(reached, 6)})
