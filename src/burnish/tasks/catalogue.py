"""Tasks by name, and the one that fits a data set."""

from __future__ import annotations

import inspect
from typing import Any

from burnish.common.errors import InputError, did_you_mean, unknown
from burnish.data.schema import Schema
from burnish.models.option_values import fit_option
from burnish.tasks.classification import Classification
from burnish.tasks.gan import Gan
from burnish.tasks.language_modelling import LanguageModelling
from burnish.tasks.perceptron import PerceptronRule
from burnish.tasks.regression import Regression
from burnish.tasks.task import Task

_TASKS: dict[str, type[Task]] = {
    task.name: task for task in (Classification, Gan, LanguageModelling, PerceptronRule, Regression)
}
_BY_GOAL = {
    "classification": "classification",
    "regression": "regression",
    "language-modelling": "language-modelling",
    "generation": "gan",
}


def names() -> list[str]:
    """Names of all tasks.

    >>> names()
    ['classification', 'gan', 'language-modelling', 'perceptron', 'regression']
    """
    return sorted(_TASKS)


def default_task(schema: Schema) -> str:
    """The task that a data set asks for.

    >>> default_task(Schema("points", "generation", (2,)))
    'gan'
    """
    return _BY_GOAL[schema.goal]


def create(name: str, schema: Schema, **options: Any) -> Task:
    """A task by name.

    Args:
        name: one of :func:`names`.
        schema: what the data are.
        options: the task's own options.

    Raises:
        InputError: an unknown name or option, or a value that the task cannot use.

    >>> create("gan", Schema("points", "generation", (2,)), k=2).k
    2
    """
    if name not in _TASKS:
        raise unknown("task", name, _TASKS)
    kind = _TASKS[name]
    known = {
        parameter: declared.annotation
        for parameter, declared in inspect.signature(kind, eval_str=True).parameters.items()
        if parameter != "schema"
    }
    for option in options:
        if option not in known:
            takes = f"expected one of {', '.join(known)}" if known else "it takes none"
            raise InputError(f"task '{name}' has no option '{option}'{did_you_mean(option, known)}: {takes}")
    fitted = {option: fit_option(f"task option {option}", value, known[option]) for option, value in options.items()}
    return kind(schema, **fitted)
