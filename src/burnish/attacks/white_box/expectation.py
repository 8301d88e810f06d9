"""Attacks that survive printing and photographing: expectation over transformations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import torch
from torch import Tensor

from burnish.attacks.attack import Attack
from burnish.attacks.checks import check_inputs, check_mode
from burnish.attacks.goal import Misclassify, Reach
from burnish.attacks.white_box.viewing import PRINTED_AND_PHOTOGRAPHED
from burnish.attacks.white_box.views import Survive, Transform, Views
from burnish.common.errors import InputError
from burnish.common.module_state import untouched

A = TypeVar("A", bound=Attack)


def expectation(
    attack: A,
    transforms: Sequence[Transform] = PRINTED_AND_PHOTOGRAPHED,
    samples: int = 8,
    share: float = 0.8,
    targeted: bool = False,
) -> A:
    """The same attack on the mean over random views, so that what it makes still fools when seen anew.

    Source: Athalye, Engstrom, Ilyas and Kwok 2017, "Synthesizing robust adversarial examples", arXiv:1707.07397,
    section 2.1. Changed: the perturbation is bounded where the paper penalises its size. Stopping early
    would stop where the views of one step are fooled by luck, so that it is switched off.

    Args:
        attack: any attack that follows gradients, :class:`~burnish.attacks.PGD` with some 40 steps for example.
        transforms: what happens to a picture, one after the other; see
            :mod:`burnish.attacks.white_box.viewing` for the parts of the default.
        samples: views of each step.
        share: of the views that must be fooled for a sample to count as fooled.
        targeted: the attack will be called with ``targets``.

    Returns:
        An attack that is called as before; its successes are judged on views of their own. Batches are smaller by the
        number of views.

    >>> from burnish.attacks import PGD
    >>> model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 2)).eval()
    >>> expectation(PGD(model, eps=0.1)).goal.share
    0.8
    """
    inner = attack.goal or (Reach() if targeted else Misclassify())
    return replace(
        attack,
        model=Views(attack.model, transforms, samples, attack.seed),
        goal=Survive(inner, share),
        early_stop=False,
        batch_size=max(1, attack.batch_size // samples),
    )


def survival(attack: Attack, inputs: Tensor, labels: Tensor, samples: int = 50, seed: int = 1) -> Tensor:
    """Share of fresh random views in which each input is fooled.

    Args:
        attack: made by :func:`expectation`; it says through which views, and what fooled means.
        inputs: attacked samples ``(N, *)``, by whatever attack.
        labels: what the attack was given, or its targets where it had any ``(N,)``.
        samples: views of each.
        seed: of the views; another one than the attack's, or they would not be fresh.

    Returns:
        Shares ``(N,)``; their mean is the rate at which the attacks survive.

    Raises:
        InputError: an attack without views, the attack's own seed, or inputs that cannot be used.
    """
    views, goal = attack.model, attack.goal
    if not isinstance(views, Views) or not isinstance(goal, Survive):
        raise InputError("survival needs an attack that was made by expectation(), which says what the views are")
    if seed == views.seed:
        raise InputError(f"seed {seed} is that of the attack: take another one, or the views would not be fresh")
    check_inputs(inputs, attack.bounds)
    goal.check_labels(labels, len(inputs))
    if not attack.training:
        check_mode(views)
    fresh = Views(views.model, views.transforms, samples, seed)
    step = max(1, attack.batch_size * views.samples // samples)
    parts = zip(inputs.split(step), labels.split(step), strict=True)
    with torch.no_grad(), untouched(fresh):
        return torch.cat([goal.fooled_share(fresh(part), truth) for part, truth in parts])
