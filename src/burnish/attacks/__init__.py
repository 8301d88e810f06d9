"""Attacks on any model: white box, black box, and suites that measure what is left."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from burnish.attacks.attack import Attack
    from burnish.attacks.goal import Exceed, Goal, Misclassify, Reach
    from burnish.attacks.result import AttackResult
    from burnish.attacks.white_box.bim import BIM
    from burnish.attacks.white_box.fgsm import FGSM
    from burnish.attacks.white_box.pgd import PGD

_HOMES = {
    "Attack": "attack",
    "AttackResult": "result",
    "BIM": "white_box.bim",
    "Exceed": "goal",
    "FGSM": "white_box.fgsm",
    "Goal": "goal",
    "Misclassify": "goal",
    "PGD": "white_box.pgd",
    "Reach": "goal",
}

__all__ = [
    "BIM",
    "FGSM",
    "PGD",
    "Attack",
    "AttackResult",
    "Exceed",
    "Goal",
    "Misclassify",
    "Reach",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'burnish.attacks' has no attribute '{name}'")
    return getattr(importlib.import_module(f"burnish.attacks.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
