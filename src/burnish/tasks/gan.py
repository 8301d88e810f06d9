"""Two networks against each other: a generator of samples and a discriminator of real from made."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.common.intervals import mean
from burnish.common.module_state import evaluating
from burnish.common.seeding import generator
from burnish.data.batch import Batch
from burnish.data.schema import Schema
from burnish.tasks.evaluation import Evaluation
from burnish.tasks.stepper import Stepper
from burnish.tasks.task import Task


class Gan(Task):
    """Alternate ``k`` steps of the discriminator with one of the generator.

    Source: Goodfellow et al. 2014, "Generative Adversarial Networks", arXiv:1406.2661, algorithm 1 and eq. 1. The
    generator descends ``-log D(G(z))`` (the non-saturating form of section 3) or, on request, eq. 1 itself.

    The model has ``generator``, ``discriminator`` (one logit a sample) and ``sample(count)``. Scores are the sliced
    Wasserstein distance between made and held-out samples: 0 is perfect, and it falls when the generator learns.

    Args:
        schema: shape of the samples.
        k: discriminator steps per generator step; each takes an equal part of the batch.
        objective: ``non-saturating`` or ``minimax``.
    """

    name = "gan"
    watched: ClassVar[tuple[str, Literal["max", "min"]]] = ("distance", "min")
    own_gradients = True

    def __init__(
        self, schema: Schema, k: int = 1, objective: Literal["non-saturating", "minimax"] = "non-saturating"
    ) -> None:
        super().__init__(schema)
        if k < 1:
            raise InputError(f"k must be at least 1, got {k}: the discriminator has to learn too")
        self.k = k
        self.objective = objective

    def parameter_groups(self, model: nn.Module) -> dict[str, list[nn.Parameter]]:
        for name in ("generator", "discriminator"):
            if not isinstance(getattr(_inner(model), name, None), nn.Module):
                raise InputError(
                    f"task 'gan' needs a model with .generator and .discriminator, {type(model).__name__} has no .{name}"
                )
        inner: Any = _inner(model)
        return {
            "discriminator": list(inner.discriminator.parameters()),
            "generator": list(inner.generator.parameters()),
        }

    def step(self, engine: Stepper, batch: Batch) -> Tensor:
        """Returns the discriminator's loss; 2 log 2 = 1.386 when it cannot tell made from real."""
        model: Any = _inner(engine.module)
        count = len(batch)
        edges = [count * i // self.k for i in range(self.k + 1)]
        loss = torch.zeros(())
        for start, stop in zip(edges, edges[1:], strict=False):
            real = batch.inputs[start:stop]
            with engine.precision():
                with torch.no_grad():
                    made = model.sample(stop - start)
                loss = self.discriminator_loss(model.discriminator(real), model.discriminator(made))
            engine.backward(loss * batch.weight, "discriminator")
            engine.update("discriminator")
        with engine.precision():
            generator_loss = self.generator_loss(model.discriminator(model.sample(count)))
        engine.backward(generator_loss * batch.weight, "generator")
        engine.update("generator")
        return loss.detach()

    @staticmethod
    def discriminator_loss(real: Tensor, made: Tensor) -> Tensor:
        """Minus eq. 1 for logits ``(batch, 1)``: ``-log D(x) - log(1 - D(G(z)))``."""
        return F.softplus(-real.float()).mean() + F.softplus(made.float()).mean()

    def generator_loss(self, made: Tensor) -> Tensor:
        """``-log D(G(z))``, or eq. 1's ``log(1 - D(G(z)))``."""
        made = made.float()
        return F.softplus(-made).mean() if self.objective == "non-saturating" else -F.softplus(made).mean()

    def evaluate(self, model: nn.Module, batches: Any, confidence: float = 0.95) -> Evaluation:
        inner: Any = _inner(model)
        with evaluating(model):
            real = torch.cat([batch.inputs for batch in batches])
            made = inner.sample(len(real), generator=generator(0, "gan-evaluation"))
        parts = max(1, min(8, len(real) // 32))
        distances = torch.stack(
            [sliced_wasserstein(r, m) for r, m in zip(real.chunk(parts), made.chunk(parts), strict=True)]
        ).double()
        deviation = distances.std().item() if parts > 1 else 0.0
        shown = 500
        summary: dict[str, Any] = {}
        if self.schema.kind == "points":
            summary["samples"] = {"points": made[:shown].tolist(), "reference": real[:shown].tolist()}
        else:
            summary["made"] = made[:32].cpu()
        return Evaluation({"distance": mean(distances.mean().item(), deviation, parts, confidence)}, {}, summary)


def sliced_wasserstein(first: Tensor, second: Tensor, directions: int = 64) -> Tensor:
    """Mean 1-Wasserstein distance of two equally large samples ``(samples, *)`` along fixed random directions.

    Source: Rabin et al. 2011, "Wasserstein Barycenter and its Application to Texture Mixing", eq. 9 (here with p = 1).

    >>> points = torch.randn(50, 2)
    >>> sliced_wasserstein(points, points.flip(0)).item()
    0.0
    """
    first, second = first.flatten(1).float(), second.flatten(1).float()
    axes = torch.randn(first.shape[1], directions, generator=generator(0, "sliced-wasserstein")).to(first.device)
    axes = axes / axes.norm(dim=0)
    return ((first @ axes).sort(dim=0).values - (second @ axes).sort(dim=0).values).abs().mean()


def _inner(model: nn.Module) -> nn.Module:
    inner = getattr(model, "model", model)
    return inner if isinstance(inner, nn.Module) else model
