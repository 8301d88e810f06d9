"""What a model does that makes attacks by gradients see less than there is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn

from burnish.attacks.checks import are_probabilities
from burnish.attacks.goal import Misclassify, logarithms
from burnish.attacks.suites.finding import Finding
from burnish.common.module_state import untouched
from burnish.models.auxiliary import main_output

_ALIKE = 1e-4
"""Outputs that differ by less, as a share of the largest, differ by rounding: some GPU kernels add in any order."""
_FEW = 0.05
"""Share of samples without a gradient that is no cause for concern: a network may be flat at a few."""


def check_model(model: nn.Module, inputs: Tensor, labels: Tensor) -> list[Finding]:
    """Look for randomness, probabilities, missing gradients and optimisation inside a model.

    The four checks of the flags in Croce and Hein 2020's implementation of AutoAttack, arXiv:2003.01690, that need no
    attack; the faults are those of Athalye, Carlini and Wagner 2018, "Obfuscated gradients give a false sense of
    security", arXiv:1802.00420, section 3.

    Args:
        model: from ``inputs`` to logits or probabilities ``(N, classes)``; it is left as it was.
        inputs: some samples ``(N, *)``, on the model's device.
        labels: their classes ``(N,)``.

    Returns:
        What was found; nothing for a model that hides nothing.
    """
    with torch.inference_mode(False), torch.no_grad(), untouched(model):
        before = [tensor.clone() for tensor in model.state_dict().values() if isinstance(tensor, Tensor)]
        with _gradients_asked_for() as asked:
            output = _copied(model(inputs))
        after = [tensor for tensor in model.state_dict().values() if isinstance(tensor, Tensor)]
        changed = any(not torch.equal(old, new) for old, new in zip(before, after, strict=True))
        again = _copied(model(inputs))
        soft = are_probabilities(output)
        flat = _flat(model, inputs, labels, soft)
    found = []
    if (differs := _difference(output, again)) > _ALIKE:
        found.append(_randomised(differs))
    if soft:
        found.append(_probabilities())
    if flat is None or flat > _FEW:
        found.append(_no_gradient(flat, len(inputs)))
    if changed or asked:
        found.append(_optimises(changed))
    return found


def _copied(output: Any) -> Tensor:
    logits: Tensor = main_output(output)
    return logits.detach().clone()


def _difference(output: Tensor, again: Tensor) -> float:
    return ((output - again).abs().max() / output.abs().max().clamp(min=1e-12)).item()


def _flat(model: nn.Module, inputs: Tensor, labels: Tensor, soft: bool) -> float | None:
    """Share of the samples at which the loss has no slope at all; None where there is no gradient."""
    goal = Misclassify()
    with torch.enable_grad():
        leaf = inputs.detach().clone().requires_grad_(True)
        output = model(leaf)
        loss = goal.loss(logarithms(output) if soft else output, labels).sum()
        slope = torch.autograd.grad(loss, leaf, allow_unused=True)[0] if loss.requires_grad else None
    return None if slope is None else (slope.flatten(1).abs().amax(dim=1) == 0).double().mean().item()


@contextmanager
def _gradients_asked_for() -> Iterator[list[str]]:
    """Every use of automatic differentiation by name, however it was imported."""
    watched = {torch.autograd.grad.__code__: "grad", torch.autograd.backward.__code__: "backward"}
    seen: list[str] = []
    earlier = sys.getprofile()

    def look(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call" and frame.f_code in watched:
            seen.append(watched[frame.f_code])

    sys.setprofile(look)
    try:
        yield seen
    finally:
        sys.setprofile(earlier)


def _randomised(differs: float) -> Finding:
    return Finding(
        "randomised-output",
        "error",
        f"the same inputs give other outputs each time, by up to {differs:.2g} of the largest",
        "An attack then climbs the gradient of one draw and is judged by another. The robust accuracy is that of an "
        "attacker who does not know about the noise.",
        "switch the randomness off in evaluation, or attack the mean of many draws (gradients averaged over "
        "transformations) and report that number",
    )


def _probabilities() -> Finding:
    return Finding(
        "probabilities",
        "info",
        "the model ends in a softmax: its logarithm was attacked",
        "Probabilities near 0 and 1 round to their ends in single precision, where the loss has no slope left.",
        "leave the softmax out of the model; the classes that it answers stay the same",
    )


def _no_gradient(flat: float | None, count: int) -> Finding:
    told = "the model has no gradient with respect to its inputs"
    return Finding(
        "zero-gradients",
        "error",
        told if flat is None else f"the loss has no slope at {round(flat * count)} of {count} samples ({flat:.0%})",
        "Attacks by gradients stand still there, whatever the model is worth: rounding, signs, hard thresholds or very "
        "large logits hide the way.",
        "trust attacks without gradients alone (square, hop-skip-jump), let gradients pass straight through the "
        "rounding, or attack a model without it and transfer the result",
    )


def _optimises(changed: bool) -> Finding:
    how = "its weights or buffers change in a forward pass" if changed else "it differentiates inside its forward pass"
    return Finding(
        "test-time-optimisation",
        "error",
        f"the model optimises at test time: {how}",
        "The attacked model is not the one that answers: it adapts to the attacked input, and gradients through the "
        "adaptation are missing or wrong.",
        "attack the adaptation itself, unrolled, or a copy that stands still and transfer the result; compare with the "
        "model without adaptation",
    )
