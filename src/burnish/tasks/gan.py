"""Two networks against each other: a generator of samples and a discriminator of real from made."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from burnish.common.errors import InputError, unknown
from burnish.common.intervals import mean
from burnish.common.module_state import evaluating
from burnish.common.seeding import generator
from burnish.data.batch import Batch
from burnish.data.schema import Schema
from burnish.tasks.evaluation import Evaluation
from burnish.tasks.stepper import Stepper
from burnish.tasks.task import Task

Objective = Literal["non-saturating", "minimax"]


class Gan(Task):
    """Alternate ``k`` steps of the discriminator with one of the generator.

    Source: Goodfellow et al. 2014, "Generative Adversarial Networks", arXiv:1406.2661, algorithm 1 and eq. 1. The
    generator descends ``-log D(G(z))`` (the non-saturating form of section 3) or, on request, eq. 1 itself.

    The model has ``generator``, ``discriminator`` (one logit a sample) and ``sample(count, generator=None)``. The score
    is the sliced Wasserstein distance between made and held-out samples, averaged over up to 8 parts of at least 32
    samples, which give its interval. It falls when the generator learns, down to what two draws of real samples are
    apart.

    Args:
        schema: shape of the samples.
        k: discriminator steps per generator step; each takes an equal part of the batch.
        objective: ``non-saturating`` or ``minimax``.

    Raises:
        InputError: ``k`` below 1, or an unknown objective.
    """

    name = "gan"
    watched: ClassVar[tuple[str, Literal["max", "min"]]] = ("distance", "min")
    own_gradients = True

    def __init__(self, schema: Schema, k: int = 1, objective: Objective = "non-saturating") -> None:
        super().__init__(schema)
        if k < 1:
            raise InputError(f"k must be at least 1, got {k}: the discriminator has to learn too")
        if objective not in get_args(Objective):
            raise unknown("objective", objective, get_args(Objective))
        self.k = k
        self.objective = objective

    def parameter_groups(self, model: nn.Module) -> dict[str, list[nn.Parameter]]:
        """One optimizer for each network; frozen parameters have none.

        Raises:
            InputError: the model lacks a generator, a discriminator or a way to sample.
        """
        inner: Any = _inner(model)
        fits = {
            "generator": isinstance(getattr(inner, "generator", None), nn.Module),
            "discriminator": isinstance(getattr(inner, "discriminator", None), nn.Module),
            "sample": callable(getattr(inner, "sample", None)),
        }
        for name, fit in fits.items():
            if not fit:
                raise InputError(
                    "task 'gan' needs a model with .generator, .discriminator and .sample(count, generator=None), "
                    f"{type(model).__name__} has no .{name}"
                )
        networks = {"discriminator": inner.discriminator, "generator": inner.generator}
        return {name: [p for p in network.parameters() if p.requires_grad] for name, network in networks.items()}

    def step(self, engine: Stepper, batch: Batch) -> Tensor:
        """Returns the discriminator's loss; 2 log 2 = 1.386 when it cannot tell made from real."""
        model: Any = _inner(engine.module)
        count = len(batch)
        loss = torch.zeros(())
        for part in range(self.k):
            start = count * part // self.k
            stop = max(count * (part + 1) // self.k, start + 1)  # every rank takes k steps, however small its batch
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
        engine.note(generator_loss=generator_loss * batch.weight)
        return loss.detach()

    @staticmethod
    def discriminator_loss(real: Tensor, made: Tensor) -> Tensor:
        """Minus eq. 1 for logits ``(batch, 1)``, a scalar: ``-log D(x) - log(1 - D(G(z)))``.

        >>> Gan.discriminator_loss(torch.zeros(4, 1), torch.zeros(4, 1)).item()  # 2 log 2: it cannot tell
        1.3862943649291992
        """
        return F.softplus(-real.float()).mean() + F.softplus(made.float()).mean()

    def generator_loss(self, made: Tensor) -> Tensor:
        """``-log D(G(z))`` for logits ``(batch, 1)``, or eq. 1's ``log(1 - D(G(z)))``; a scalar to descend."""
        made = made.float()
        return F.softplus(-made).mean() if self.objective == "non-saturating" else -F.softplus(made).mean()

    def evaluate(self, model: nn.Module, batches: Any, confidence: float = 0.95) -> Evaluation:
        """The ``distance`` of as many made samples as there are real ones; the noise is the same at every call."""
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
    gaps: Tensor = (first @ axes).sort(dim=0).values - (second @ axes).sort(dim=0).values
    return gaps.abs().mean()


def _inner(model: nn.Module) -> nn.Module:
    inner = getattr(model, "model", model)
    return inner if isinstance(inner, nn.Module) else model
