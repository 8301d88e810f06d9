"""Tests of burnish.verbs.interface.arguments."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from burnish.common.errors import InputError
from burnish.verbs.interface.arguments import parse, read_word
from burnish.verbs.interface.options import VerbOptions, options_of


@dataclass(frozen=True, kw_only=True)
class Predict(VerbOptions):
    """Predict."""

    run: Path = field(metadata={"positional": True})
    files: tuple[Path, ...] = field(default=(), metadata={"positional": True})
    to: Path | None = None
    rate: float = 0.1
    hidden: tuple[int, ...] = ()
    label: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    compile: bool = True
    channels_last: bool | None = None


@pytest.mark.parametrize(
    "words",
    [
        ["a", "b.jpg", "c.jpg", "--to", "x.csv"],
        ["a", "--to", "x.csv", "b.jpg", "c.jpg"],
        ["--to=x.csv", "a", "b.jpg", "c.jpg"],
        ["a", "b.jpg", "--to=y.csv", "--to=x.csv", "--", "c.jpg"],
    ],
)
def test_options_and_files_come_in_any_order(words):
    assert parse(Predict, words) == Predict(run=Path("a"), files=(Path("b.jpg"), Path("c.jpg")), to=Path("x.csv"))


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["--rate", "-0.5"], {"rate": -0.5}),
        (["--rate=-1e-3"], {"rate": -1e-3}),
        (["--hidden", "64,32"], {"hidden": (64, 32)}),
        (["--hidden", "64", "--hidden", "32"], {"hidden": (64, 32)}),
        (["--label", "a,b", "--label", "c=d"], {"label": ("a,b", "c=d")}),
        (["--options", "width=2", "--options", "init=he"], {"options": {"width": 2, "init": "he"}}),
        (["--no-compile"], {"compile": False}),
        (["--compile=false"], {"compile": False}),
        (["--no-compile", "--compile"], {"compile": True}),
        (["--channels-last"], {"channels_last": True}),
        (["--to", "-"], {"to": Path("-")}),
    ],
)
def test_values_are_read(words, found):
    assert parse(Predict, ["a", *words]) == Predict(run=Path("a"), **found)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "^RUN is missing: expected a path$"),
        (["a", "--rat", "1"], r"^unknown option '--rat' \(did you mean '--rate'\?\)$"),
        (["a", "--zzz"], "^unknown option '--zzz': 'burnish predict --help' lists them$"),
        (["a", "-r"], "^unknown option '-r': 'burnish predict --help' lists them$"),
        (["a", "--rate", "--compile"], "^--rate expects a number, got nothing: write --rate VALUE$"),
        (["a", "--no-compile=x"], "^--no-compile takes no value, got 'x': write --no-compile alone$"),
        (["a", "--compile=x"], "^--compile expects true or false, got 'x'$"),
        (["a", "--hidden", "64,x"], r"^--hidden expects whole numbers, got \['64', 'x'\]$"),
    ],
)
def test_a_mistake_is_named(words, message):
    with pytest.raises(InputError, match=message):
        parse(Predict, words)


@dataclass(frozen=True, kw_only=True)
class Fit(VerbOptions):
    """Fit."""

    hidden: tuple[int, ...] = ()


def test_numbers_without_commas_are_explained():
    with pytest.raises(InputError, match=r"unexpected argument '32': several values are written --hidden 64,32$"):
        parse(Fit, ["--hidden", "64", "32"])


def test_one_word_stands_for_a_whole_option():
    known = {option.name: option for option in options_of(Predict)}
    assert read_word("--set 1.hidden", known["hidden"], "8,4") == (8, 4)
    with pytest.raises(InputError, match=r"^--set 1\.rate expects a number, got 'x'$"):
        read_word("--set 1.rate", known["rate"], "x")
