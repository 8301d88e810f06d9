"""Tests of burnish.verbs.interface.options."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from burnish.common.errors import InputError
from burnish.verbs.interface.options import (
    RunFolderOptions,
    VerbOptions,
    build,
    check,
    descriptions,
    options_of,
    verb_name,
)


@dataclass(frozen=True, kw_only=True)
class Training:
    """How to train."""

    epochs: int = 10
    """Passes over
    the data."""
    learning_rate: float | None = None


@dataclass(frozen=True, kw_only=True)
class Fit(Training, RunFolderOptions):
    """Fit."""

    data: str
    """Name of the data."""
    files: tuple[Path, ...] = field(default=(), metadata={"positional": True})


def test_every_field_of_every_base_is_an_option_of_its_own_group():
    found = {option.name: option for option in options_of(Fit)}
    assert set(found) == {"json", "out", "epochs", "learning_rate", "data", "files"}
    assert found["learning_rate"].flag == "--learning-rate"
    assert found["epochs"].group is Training
    assert found["out"].group is RunFolderOptions
    assert found["json"].group is VerbOptions
    assert [name for name, option in found.items() if option.required] == ["data"]
    assert [name for name, option in found.items() if option.positional] == ["files"]


def test_the_string_below_a_field_describes_it():
    assert descriptions(Fit) == descriptions(Training) | descriptions(RunFolderOptions) | {"data": "Name of the data."}
    assert descriptions(Training) == {"epochs": "Passes over the data."}


def test_build_gives_the_dataclass():
    assert build(Fit, data="digits", epochs=3, out="x") == Fit(data="digits", epochs=3, out=Path("x"))


def test_a_recipe_may_spell_names_as_the_shell_does():
    assert check(Fit, {"learning-rate": 1}) == {"learning_rate": 1.0}
    with pytest.raises(InputError, match="option 'learning_rate' is given twice"):
        check(Fit, {"learning-rate": 1, "learning_rate": 1})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"data": "x", "epoch": 1},
            r"fit has no option 'epoch' \(did you mean 'epochs'\?\): it takes data, epochs, files",
        ),
        ({"data": "x", "epochs": "3"}, "epochs expects a whole number, got the text '3'"),
        ({}, "fit needs 'data': Name of the data."),
    ],
)
def test_what_cannot_be_used_is_named(values, message):
    with pytest.raises(InputError, match=message):
        build(Fit, **values)


def test_a_verb_is_named_after_its_class():
    assert verb_name(Fit) == "fit"
