"""Tests of burnish.runs.config."""

import tomllib
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import pytest

from burnish.common.errors import InputError
from burnish.runs.config import plain_options, read_options, write_config
from burnish.verbs.fit import Fit
from burnish.verbs.interface.values import arms, is_flag


@dataclass(frozen=True)
class Options:
    """Every shape of option."""

    out: Path = Path("runs")
    parent: Path | None = None
    hidden: tuple[int, ...] = ()
    files: tuple[Path, ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)
    rate: float | None = None


def through_a_file(options: Any, folder: Path) -> Any:
    write_config(folder, {"verb": plain_options(options)})
    return read_options(type(options), tomllib.loads((folder / "config.toml").read_text())["verb"])


@pytest.mark.parametrize(
    "options",
    [
        Options(),
        Options(out=Path("/a/ü b"), parent=Path("../x"), hidden=(64, 32), files=(Path("a"), Path("b"))),
        Options(extra={"deep": {"names": ["a", "b"]}, "rate": 1e-12, "on": True}, rate=float("inf")),
    ],
)
def test_options_come_back_as_they_were(options, tmp_path):
    assert through_a_file(options, tmp_path) == options


def other_value(annotation: Any, default: Any) -> Any:
    """A value of the option's type that is not its default."""
    kind = arms(annotation)[0]
    if is_flag(annotation):
        return not default
    if hasattr(kind, "__args__"):
        return {"width": 3, "names": ["a"]} if kind.__origin__ is dict else kind.__args__[-1]
    return {int: 7, float: 0.25, str: 'väl"ue\n', Path: Path("some/where")}[kind]


@pytest.mark.parametrize("option", fields(Fit), ids=lambda option: option.name)
def test_every_option_of_fit_survives_the_file(option, tmp_path):
    plain = Fit()
    changed = replace(
        plain, **{option.name: other_value(get_type_hints(Fit)[option.name], getattr(plain, option.name))}
    )
    assert changed != plain
    assert through_a_file(changed, tmp_path) == changed


def test_what_was_left_open_is_left_out_and_comes_back_as_open(tmp_path):
    table = plain_options(Fit(learning_rate=None))
    assert "learning_rate" not in table
    assert through_a_file(Fit(), tmp_path) == Fit()


def test_none_inside_a_dict_is_left_out_since_toml_has_no_null():
    assert plain_options(Options(extra={"a": None, "b": 1}))["extra"] == {"b": 1}


def test_numbers_of_numpy_become_plain(tmp_path):
    found = through_a_file(Options(rate=np.float64(0.5), extra={"n": np.int64(3)}), tmp_path)
    assert (found.rate, found.extra) == (0.5, {"n": 3})


def test_what_toml_cannot_hold_is_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(InputError, match="a config cannot hold a set: expected numbers, texts, lists and dicts"):
        write_config(tmp_path, {"names": {"a", "b"}})
    assert not list(tmp_path.iterdir())


def test_an_option_of_another_version_is_named():
    with pytest.raises(InputError, match="has options that this version does not know: future, past"):
        read_options(Options, {"past": 1, "future": 2, "rate": 0.1})
