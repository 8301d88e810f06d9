"""Tests of burnish.training.defaults."""

import math
from dataclasses import fields

import pytest

from burnish.common.errors import InputError
from burnish.data.schema import Schema
from burnish.training.defaults import resolve_options
from burnish.training.optimizers import default_learning_rate
from burnish.training.options import TrainingOptions

SCHEMAS = {
    "classification": Schema("image", "classification", (3, 8, 8), classes=("a", "b")),
    "regression": Schema("table", "regression", (8,)),
    "language-modelling": Schema("text", "language-modelling", (8,), vocabulary=("a", "b")),
    "gan": Schema("points", "generation", (2,)),
    "perceptron": Schema("points", "classification", (2,), classes=("a", "b")),
}


def resolve(task: str = "classification", size: int = 1000, **options) -> TrainingOptions:
    return resolve_options(TrainingOptions(**options), SCHEMAS[task], task, size)


@pytest.mark.parametrize(
    ("task", "optimizer", "rate", "schedule"),
    [
        ("classification", "adamw", 4e-3, "one-cycle"),
        ("regression", "adamw", 3e-3, "cosine"),
        ("language-modelling", "adamw", 4e-3, "one-cycle"),
        ("gan", "adam", 1e-3, "constant"),
        ("perceptron", "sgd", 1.0, "constant"),
    ],
)
def test_every_task_has_a_start_that_people_use(task, optimizer, rate, schedule):
    found = resolve(task)
    assert (found.optimizer, found.learning_rate, found.schedule) == (optimizer, rate, schedule)
    assert found.weight_decay == (0.05 if optimizer == "adamw" else 0.0)
    assert found.clip_norm == (1.0 if task == "language-modelling" else None)


def test_what_was_given_is_kept():
    given = {"learning_rate": 0.02, "schedule": "step", "batch_size": 100, "weight_decay": 0.1, "optimizer": "adamw"}
    found = resolve(**given)
    assert {name: getattr(found, name) for name in given} == given


def test_another_optimizer_has_its_own_usual_rate_and_no_decay():
    found = resolve(optimizer="momentum")
    assert (found.learning_rate, found.weight_decay, found.schedule) == (
        default_learning_rate("momentum"),
        0.0,
        "one-cycle",
    )


@pytest.mark.parametrize("optimizer", ["lbfgs", "newton-cg"])
@pytest.mark.parametrize("task", ["classification", "language-modelling"])
def test_optimizers_that_search_along_a_line_take_the_whole_split(task, optimizer):
    found = resolve(task, optimizer=optimizer)
    assert (found.batch_size, found.schedule, found.learning_rate, found.clip_norm) == (0, "constant", 1.0, None)


@pytest.mark.parametrize(
    ("size", "task", "expected"),
    [
        (60_000, "classification", 128),
        (60_000, "regression", 64),
        (1437, "classification", 32),
        (105, "regression", 16),
        (9, "regression", 9),
        (1, "regression", 1),
    ],
)
def test_small_data_get_small_batches(size, task, expected):
    assert resolve(task, size).batch_size == expected


@pytest.mark.parametrize("task", SCHEMAS)
@pytest.mark.parametrize("optimizer", [None, "adam", "momentum"])
def test_resolving_again_changes_nothing(task, optimizer):
    once = resolve(task, optimizer=optimizer)
    assert resolve_options(once, SCHEMAS[task], task, 1000) == once


def test_nothing_stays_open_that_the_engine_needs():
    open_still = {f.name for f in fields(TrainingOptions) if getattr(resolve(), f.name) is None}
    free = {"max_steps", "max_norm", "clip_norm", "clip_value", "ema", "early_stopping", "channels_last", "threads"}
    free |= {"freeze", "unfreeze_epochs"}
    assert open_still == free | {"checkpoint_steps"}


NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("epochs", 0, "epochs must be at least 1, got 0"),
        ("max_steps", 0, "max_steps must be at least 1, got 0"),
        ("batch_size", -1, "batch_size must be at least 0, got -1"),
        ("batch_size", 1001, "batch_size 1001 is larger than the training split (1000 samples): give at most 1000"),
        ("accumulate", 0, "accumulate must be at least 1, got 0"),
        ("early_stopping", 0, "early_stopping must be at least 1, got 0"),
        ("workers", -1, "workers must be at least 0, got -1"),
        ("threads", 0, "threads must be at least 1, got 0"),
        ("seed", -1, "seed must be at least 0, got -1"),
        ("log_every", 0, "log_every must be at least 1, got 0"),
        ("checkpoint_epochs", 0, "checkpoint_epochs must be at least 1, got 0"),
        ("checkpoint_steps", 0, "checkpoint_steps must be at least 1, got 0"),
        ("learning_rate", -0.1, "learning_rate must be a positive number, got -0.1: 0.001 is a common start"),
        ("learning_rate", 0.0, "learning_rate must be a positive number, got 0.0"),
        ("learning_rate", NAN, "learning_rate must be a positive number, got nan"),
        ("learning_rate", INF, "learning_rate must be a positive number, got inf"),
        ("weight_decay", -1.0, "weight_decay must be 0 or more, got -1.0"),
        ("warmup", -1.0, "warmup must be 0 or more, got -1.0"),
        ("warmup", INF, "warmup must be 0 or more, got inf"),
        ("l1", -1.0, "l1 must be 0 or more, got -1.0"),
        ("slimming", -1.0, "slimming must be 0 or more, got -1.0"),
        ("group_lasso", INF, "group_lasso must be 0 or more, got inf"),
        ("l2", NAN, "l2 must be 0 or more, got nan"),
        ("clip_norm", 0.0, "clip_norm must be a positive number, got 0.0: leave it out for no limit"),
        ("clip_norm", INF, "clip_norm must be a positive number, got inf: leave it out for no limit"),
        ("clip_value", -1.0, "clip_value must be a positive number, got -1.0"),
        ("max_norm", NAN, "max_norm must be a positive number, got nan"),
        ("ema", 1.0, "ema must lie in (0, 1), got 1.0: 0.999 is a common choice"),
        ("ema", 0.0, "ema must lie in (0, 1), got 0.0"),
    ],
)
def test_a_number_out_of_its_range_is_one_line_that_names_it(name, value, line):
    with pytest.raises(InputError) as raised:
        resolve(**{name: value})
    assert str(raised.value).startswith(line)
    assert "\n" not in str(raised.value)


def test_options_without_effect_are_refused_here_too():
    with pytest.raises(InputError, match="plateau_patience has no effect with schedule one-cycle: it is for plateau"):
        resolve(plateau_patience=5)
    with pytest.raises(InputError, match="early_stopping needs a validation split, and these data have none"):
        resolve_options(TrainingOptions(early_stopping=3), SCHEMAS["regression"], "regression", 100, 0)
