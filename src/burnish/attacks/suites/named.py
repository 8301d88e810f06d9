"""The suites that have a name: a quick look, and the number to publish."""

from __future__ import annotations

from typing import Any, Literal

from torch import nn

from burnish.attacks.attack import Attack
from burnish.attacks.checks import Bounds
from burnish.attacks.norms import Norm
from burnish.attacks.suites.catalogue import create
from burnish.attacks.suites.suite import Suite


def quick(
    model: nn.Module,
    *,
    eps: float,
    norm: Norm = "linf",
    bounds: Bounds = (0.0, 1.0),
    outputs: Literal["logits", "probabilities"] = "logits",
    batch_size: int = 256,
    seed: int = 0,
    queries: int = 500,
) -> Suite:
    """FGSM, PGD with 10 steps and, but in l1, Square: a look in minutes, on a subset of the data.

    It finds an undefended model at once. What a defence is worth takes :func:`standard`: robust accuracy under PGD
    alone has been overstated by 20 points and more (Croce and Hein 2020, arXiv:2003.01690, table 2).

    Args:
        model: from inputs within ``bounds`` to logits ``(N, classes)``, in evaluation mode.
        eps: largest perturbation.
        norm: how it is measured.
        bounds: smallest and largest value of an input.
        outputs: what the model gives.
        batch_size: samples that go through the model at once.
        seed: of everything random.
        queries: of Square, for each sample.

    >>> [attack.name for attack in quick(nn.Linear(2, 2), eps=0.1).attacks]
    ['fgsm', 'pgd', 'square']
    """
    shared = _shared(eps, norm, bounds, outputs, batch_size, seed)
    attacks = [create("fgsm", model, **shared), create("pgd", model, steps=10, **shared)]
    return Suite("quick", [*attacks, *_square(model, queries, shared)])


def standard(
    model: nn.Module,
    *,
    eps: float,
    norm: Norm = "linf",
    bounds: Bounds = (0.0, 1.0),
    outputs: Literal["logits", "probabilities"] = "logits",
    batch_size: int = 256,
    seed: int = 0,
    queries: int = 5000,
) -> Suite:
    """APGD on the cross-entropy, targeted APGD and FAB on 9 classes and, but in l1, Square: the number to publish.

    Source: Croce and Hein 2020, "Reliable evaluation of adversarial robustness with an ensemble of diverse
    parameter-free attacks", arXiv:2003.01690, section 5 (AutoAttack), with the attacks and budgets of its standard
    version.

    Args:
        model: from inputs within ``bounds`` to logits ``(N, classes)``, in evaluation mode.
        eps: largest perturbation.
        norm: how it is measured.
        bounds: smallest and largest value of an input.
        outputs: what the model gives.
        batch_size: samples that go through the model at once.
        seed: of everything random.
        queries: of Square, for each sample.

    >>> [attack.name for attack in standard(nn.Linear(2, 2), eps=0.1).attacks]
    ['apgd', 'apgd-t', 'fab', 'square']
    """
    shared = _shared(eps, norm, bounds, outputs, batch_size, seed)
    attacks = [
        create("apgd-ce", model, steps=100, **shared),
        create("apgd-t", model, steps=100, classes=9, **shared),
        create("fab-t", model, steps=100, classes=9, **shared),
    ]
    return Suite("standard", [*attacks, *_square(model, queries, shared)])


def _square(model: nn.Module, queries: int, shared: dict[str, Any]) -> list[Attack]:
    """Square, in the norms that it has."""
    return [] if shared["norm"] == "l1" else [create("square", model, queries=queries, **shared)]


def _shared(eps: float, norm: Norm, bounds: Bounds, outputs: str, batch_size: int, seed: int) -> dict[str, Any]:
    return {
        "eps": eps,
        "norm": norm,
        "bounds": bounds,
        "outputs": outputs,
        "batch_size": batch_size,
        "seed": seed,
    }
