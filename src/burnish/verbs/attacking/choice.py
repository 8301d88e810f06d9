"""From the options of ``attack`` to attacks."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor, nn

from burnish.attacks.attack import Attack as AnyAttack
from burnish.attacks.checks import are_probabilities
from burnish.attacks.suites.catalogue import create, own_options
from burnish.attacks.suites.named import quick, standard
from burnish.attacks.suites.suite import Suite
from burnish.common.errors import InputError
from burnish.common.module_state import untouched
from burnish.models.auxiliary import main_output
from burnish.verbs.attack import Attack

_EPS = {"linf": 8 / 255, "l2": 0.5, "l1": 12.0}
"""The usual radii for photographs of 32 x 32 pixels; linf as in Croce et al. 2020, RobustBench, arXiv:2010.09670."""
_SAMPLES = {"standard": 512, "substitute": 256, "hop-skip-jump": 64}
_MANY = 1000
_FOR_SUITE = ("steps", "restarts", "queries")


def radius(options: Attack) -> float:
    """The eps that was given, or the usual one of the norm."""
    return _EPS[options.norm] if options.eps is None else options.eps


def sample_count(options: Attack) -> int:
    """How many samples were asked for, or are usual."""
    if options.samples is not None:
        return options.samples
    return _SAMPLES.get(options.black_box or options.suite or "quick", _MANY)


def check_options(options: Attack) -> None:
    """Refuse options that contradict each other.

    Raises:
        InputError: it names the two.
    """
    asked = [name for name in ("suite", "attack", "black_box") if getattr(options, name) is not None]
    if len(asked) > 1:
        one, other = (f"--{name.replace('_', '-')}" for name in asked[:2])
        raise InputError(f"{one} and {other} each say what to attack with: give one of them")
    if options.black_box is not None and options.transfer_to:
        raise InputError("--transfer-to compares models by their gradients: leave out --black-box")
    for name in ("steps", "restarts", "queries", "batch_size"):
        number = getattr(options, name)
        if number is not None and number < 1:
            raise InputError(f"{name.replace('_', '-')} must be at least 1, got {number}")


def chosen_suite(options: Attack, model: nn.Module, outputs: Literal["logits", "probabilities"]) -> Suite:
    """The suite that was asked for, or attacks of the user's choice as one.

    Raises:
        InputError: an unknown attack, or an option that none of the attacks has.
    """
    shared: dict[str, Any] = {
        "eps": radius(options),
        "norm": options.norm,
        "outputs": outputs,
        "batch_size": options.batch_size,
        "seed": options.seed,
    }
    given = {name: getattr(options, name) for name in _FOR_SUITE if getattr(options, name) is not None}
    if options.attack is None:
        for name in ("steps", "restarts"):
            if name in given:
                raise InputError(
                    f"a suite has its own {name}: name the attacks, as in --attack pgd --{name} {given[name]}"
                )
        suite = standard if options.suite == "standard" else quick
        return suite(model, **shared, **given)
    names = list(dict.fromkeys(name.strip() for name in options.attack.split(",") if name.strip()))
    if not names:
        raise InputError("--attack names no attack: give some, as in --attack pgd,fgsm")
    attacks = [_with_own(name, model, shared, given) for name in names]
    used = {option for name in names for option in _own(name, given)}
    unused = [option for option in given if option not in used]
    if unused:
        raise InputError(f"--{unused[0]} means nothing for {', '.join(names)}: leave it out")
    return Suite("+".join(names), attacks)


def _with_own(name: str, model: nn.Module, shared: dict[str, Any], given: dict[str, Any]) -> AnyAttack:
    own = {field: given[option] for option, field in _own(name, given).items()}
    return create(name, model, **shared, **own)


def _own(name: str, given: dict[str, Any]) -> dict[str, str]:
    """Which of the given options an attack has, and what it calls them."""
    known = own_options(name)
    called = {option: f"max_{option}" if f"max_{option}" in known else option for option in given}
    return {option: field for option, field in called.items() if field in known}


def outputs_of(model: nn.Module, inputs: Tensor, device: torch.device) -> Literal["logits", "probabilities"]:
    """What a model gives, judged by some inputs."""
    with torch.no_grad(), untouched(model):
        output = main_output(model(inputs[:64].to(device)))
    soft = isinstance(output, Tensor) and output.ndim == 2 and output.shape[1] > 1 and are_probabilities(output)
    return "probabilities" if soft else "logits"
