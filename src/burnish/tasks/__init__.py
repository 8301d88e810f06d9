"""Tasks: what a batch means, how it is scored, and how one step is taken."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from burnish.tasks.catalogue import create, default_task, names
    from burnish.tasks.classification import Classification
    from burnish.tasks.evaluation import Evaluation, evaluate
    from burnish.tasks.gan import Gan
    from burnish.tasks.language_modelling import LanguageModelling
    from burnish.tasks.perceptron import PerceptronRule
    from burnish.tasks.regression import Regression
    from burnish.tasks.task import Task

_HOMES = {
    "Classification": "classification",
    "Evaluation": "evaluation",
    "Gan": "gan",
    "LanguageModelling": "language_modelling",
    "PerceptronRule": "perceptron",
    "Regression": "regression",
    "Task": "task",
    "create": "catalogue",
    "default_task": "catalogue",
    "evaluate": "evaluation",
    "names": "catalogue",
}

__all__ = [
    "Classification",
    "Evaluation",
    "Gan",
    "LanguageModelling",
    "PerceptronRule",
    "Regression",
    "Task",
    "create",
    "default_task",
    "evaluate",
    "names",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'burnish.tasks' has no attribute '{name}'")
    return getattr(importlib.import_module(f"burnish.tasks.{_HOMES[name]}"), name)
