"""Tests of burnish.tasks.catalogue."""

import pytest

from burnish.common.errors import InputError
from burnish.data.schema import Schema
from burnish.tasks import Classification, Gan, Regression, create, default_task, names

GOALS = {
    "classification": Schema("image", "classification", (1, 8, 8), classes=("a", "b")),
    "regression": Schema("table", "regression", (4,)),
    "language-modelling": Schema("text", "language-modelling", (16,), vocabulary=("a", "b")),
    "generation": Schema("points", "generation", (2,)),
}


@pytest.mark.parametrize("goal", GOALS)
def test_every_goal_has_its_task(goal):
    task = create(default_task(GOALS[goal]), GOALS[goal])
    assert task.schema is GOALS[goal]
    assert task.name in names()
    assert task.watched[1] in ("max", "min")


def test_options_reach_the_task():
    assert create("gan", GOALS["generation"], k=3, objective="minimax").objective == "minimax"
    assert create("classification", GOALS["classification"], label_smoothing=0.1).label_smoothing == 0.1
    assert isinstance(create("regression", GOALS["regression"]), Regression)


def test_what_the_names_give_is_what_the_package_offers():
    assert create("gan", GOALS["generation"]).__class__ is Gan
    assert create("classification", GOALS["classification"]).__class__ is Classification


def test_an_unknown_task_is_named_with_a_hint():
    with pytest.raises(InputError, match=r"unknown task 'regresion' \(did you mean 'regression'\?\)"):
        create("regresion", GOALS["regression"])


def test_an_unknown_option_is_named_with_a_hint():
    with pytest.raises(InputError, match=r"task 'gan' has no option 'objectiv' \(did you mean 'objective'\?\)"):
        create("gan", GOALS["generation"], objectiv="minimax")
    with pytest.raises(InputError, match="task 'regression' has no option 'k': it takes none"):
        create("regression", GOALS["regression"], k=1)


@pytest.mark.parametrize(
    ("name", "goal", "option", "line"),
    [
        ("gan", "generation", {"k": "two"}, "task option k must be a whole number, got 'two'"),
        ("gan", "generation", {"objective": "max"}, "objective must be 'non-saturating' or 'minimax', got 'max'"),
        ("classification", "classification", {"label_smoothing": "a bit"}, "must be a number, got 'a bit'"),
    ],
)
def test_a_value_of_another_kind_is_named(name, goal, option, line):
    with pytest.raises(InputError, match=line):
        create(name, GOALS[goal], **option)
