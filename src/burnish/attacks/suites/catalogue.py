"""The attacks that have a name, for suites, command lines and configs."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from importlib import import_module
from typing import Any

from torch import nn

from burnish.attacks.attack import Attack
from burnish.common.errors import InputError, did_you_mean, unknown


@dataclass(frozen=True)
class _Entry:
    """Where an attack lives, and the options that its name stands for."""

    module: str
    name: str
    options: dict[str, Any] = field(default_factory=dict)


_ATTACKS = {
    "apgd-ce": _Entry("white_box.apgd", "APGD"),
    "apgd-dlr": _Entry("white_box.apgd", "APGD", {"loss": "dlr"}),
    "apgd-t": _Entry("white_box.apgd_targeted", "APGDTargeted"),
    "bim": _Entry("white_box.bim", "BIM"),
    "carlini-wagner": _Entry("white_box.carlini_wagner", "CarliniWagner"),
    "deepfool": _Entry("white_box.deepfool", "DeepFool"),
    "fab": _Entry("white_box.fab", "FAB"),
    "fab-t": _Entry("white_box.fab", "FAB", {"target_classes": 9}),
    "fgsm": _Entry("white_box.fgsm", "FGSM"),
    "hop-skip-jump": _Entry("black_box.hop_skip_jump", "HopSkipJump"),
    "least-likely": _Entry("white_box.least_likely", "LeastLikely"),
    "pgd": _Entry("white_box.pgd", "PGD"),
    "square": _Entry("black_box.square", "Square"),
}


def names() -> list[str]:
    """Every name, sorted.

    >>> "pgd" in names()
    True
    """
    return sorted(_ATTACKS)


def own_options(name: str) -> list[str]:
    """The options that an attack has beside those of every attack.

    Raises:
        InputError: there is no such attack.

    >>> own_options("fgsm")
    ['random_start', 'step']
    """
    shared = {option.name for option in fields(Attack)}
    return [option.name for option in fields(_class(name)) if option.name not in shared]


def create(name: str, model: nn.Module, **options: Any) -> Attack:
    """The attack of a name.

    Args:
        name: one of :func:`names`.
        model: what it attacks.
        options: fields of :class:`burnish.attacks.Attack` and the attack's own.

    Raises:
        InputError: there is no such attack, it has no such option, or the option's value cannot be.

    >>> create("pgd", nn.Linear(2, 2), eps=0.1, steps=3).steps
    3
    """
    found = _class(name)
    known = [option.name for option in fields(found) if option.init and option.name != "model"]
    for given in options:
        if given not in known:
            raise InputError(
                f"{name} has no option '{given}'{did_you_mean(given, known)}: it takes {', '.join(sorted(known))}"
            )
    return found(model, **{**_ATTACKS[name].options, **options})


def _class(name: str) -> type[Attack]:
    if name not in _ATTACKS:
        raise unknown("attack", name, names())
    entry = _ATTACKS[name]
    found: type[Attack] = getattr(import_module(f"burnish.attacks.{entry.module}"), entry.name)
    return found
