"""The suites that have a name: a quick look, and the number to publish."""

from __future__ import annotations

from typing import Any, Literal

from torch import nn

from burnish.attacks.checks import Bounds
from burnish.attacks.norms import Norm
from burnish.attacks.suites.catalogue import create
from burnish.attacks.suites.suite import Suite
from burnish.common.errors import InputError


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
    if norm != "l1":
        attacks.append(create("square", model, queries=queries, **shared))
    return Suite("quick", attacks)


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
    """APGD on the cross-entropy, targeted APGD and targeted FAB on 9 classes, and Square: the number to publish.

    Source: Croce and Hein 2020, "Reliable evaluation of adversarial robustness with an ensemble of diverse
    parameter-free attacks", arXiv:2003.01690, section 5 (AutoAttack), with the attacks and budgets of its standard
    version.

    Args:
        model: from inputs within ``bounds`` to logits ``(N, classes)``, in evaluation mode.
        eps: largest perturbation.
        norm: how it is measured, ``linf`` or ``l2``.
        bounds: smallest and largest value of an input.
        outputs: what the model gives.
        batch_size: samples that go through the model at once.
        seed: of everything random.
        queries: of Square, for each sample.

    Raises:
        InputError: the norm is ``l1``, in which APGD and Square are not defined.

    >>> [attack.name for attack in standard(nn.Linear(2, 2), eps=0.1).attacks]
    ['apgd-ce', 'apgd-t', 'fab', 'square']
    """
    if norm == "l1":
        raise InputError("the standard suite works in linf and l2: in l1 take quick, or pgd with many steps and fab")
    shared = _shared(eps, norm, bounds, outputs, batch_size, seed)
    attacks = (
        create("apgd-ce", model, steps=100, **shared),
        create("apgd-t", model, steps=100, classes=9, **shared),
        create("fab-t", model, steps=100, target_classes=9, **shared),
        create("square", model, queries=queries, **shared),
    )
    return Suite("standard", attacks)


def _shared(eps: float, norm: Norm, bounds: Bounds, outputs: str, batch_size: int, seed: int) -> dict[str, Any]:
    return {
        "eps": eps,
        "norm": norm,
        "bounds": bounds,
        "outputs": outputs,
        "batch_size": batch_size,
        "seed": seed,
        "channels_last": True,  # rounding may tip a sample that is nearly fooled; the loop becomes up to twice as fast
    }
