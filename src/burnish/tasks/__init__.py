"""Tasks: what a batch means, how it is scored, and how one step is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from burnish.common.lazy_names import lazy_names

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

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
