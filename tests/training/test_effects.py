"""Tests of burnish.training.effects."""

import pytest

from burnish.common.errors import InputError
from burnish.training.effects import check_effects
from burnish.training.options import TrainingOptions


def check(task: str = "classification", validation: int | None = None, **options) -> None:
    check_effects(TrainingOptions(**{"optimizer": "adamw", "schedule": "cosine"} | options), task, validation)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"momentum": 0.5}, "momentum has no effect with optimizer adamw: it is for momentum and nesterov"),
        ({"momentum": 0.5, "optimizer": "rmsprop"}, "momentum has no effect with optimizer rmsprop"),
        ({"step_epochs": 3.0}, "step_epochs has no effect with schedule cosine: it is for step and exponential"),
        ({"gamma": 0.5}, "gamma has no effect with schedule cosine: it is for step and exponential and plateau"),
        ({"plateau_patience": 5, "schedule": "step"}, "plateau_patience has no effect with schedule step"),
        ({"clip_norm": 1.0, "optimizer": "lbfgs"}, "clip_norm has no effect with optimizer lbfgs, which sets its own"),
        ({"clip_value": 1.0, "optimizer": "newton-cg"}, "clip_value has no effect with optimizer newton-cg"),
    ],
)
def test_an_option_that_would_change_nothing_is_an_error(options, line):
    with pytest.raises(InputError, match=line):
        check(**options)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"momentum": 0.5, "optimizer": "momentum"},
        {"momentum": 0.5, "optimizer": "nesterov"},
        {"step_epochs": 3.0, "gamma": 0.5, "schedule": "step"},
        {"step_epochs": 3.0, "gamma": 0.5, "schedule": "exponential"},
        {"plateau_patience": 5, "gamma": 0.5, "schedule": "plateau", "validation": 10},
        {"clip_norm": 1.0, "clip_value": 1.0},
        {"l1": 0.1, "l2": 0.1, "accumulate": 2, "compile": True},
        {"task": "gan", "l1": 0.1, "clip_norm": 1.0},
        {"early_stopping": 3, "validation": None},
    ],
)
def test_an_option_that_serves_passes(options):
    check(**options)


@pytest.mark.parametrize(
    ("task", "option"),
    [
        ("perceptron", {"accumulate": 2}),
        ("perceptron", {"compile": True}),
        ("perceptron", {"l1": 0.1}),
        ("perceptron", {"l2": 0.1}),
        ("perceptron", {"slimming": 0.1}),
        ("perceptron", {"group_lasso": 0.1}),
        ("gan", {"accumulate": 2}),
        ("gan", {"compile": True}),
    ],
)
def test_what_a_step_of_its_own_does_not_look_at_is_refused(task, option):
    (name,) = option
    with pytest.raises(InputError, match=f"{name} has no effect with task {task}, which takes its own step: leave it"):
        check(task, **option)


@pytest.mark.parametrize("optimizer", ["lbfgs", "newton-cg"])
def test_the_perceptron_rule_has_no_gradient_to_search_along(optimizer):
    with pytest.raises(InputError, match=f"{optimizer} needs a gradient, and the perceptron rule has none: use sgd"):
        check("perceptron", optimizer=optimizer)


def test_what_looks_at_validation_needs_one():
    with pytest.raises(InputError, match=r"early_stopping needs a validation split, .*: give --validation 0\.1"):
        check(validation=0, early_stopping=3)
    with pytest.raises(InputError, match=r"schedule plateau needs a validation split, .*: use cosine"):
        check(validation=0, schedule="plateau")
