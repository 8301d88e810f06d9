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
        (["--rate", "8/255"], {"rate": 8 / 255}),
        (["--rate", "-1/4"], {"rate": -0.25}),
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
        (["a", "--rate", "8/0"], "^--rate expects a number, got '8/0'$"),
        (["a", "--rate", "8/x"], "^--rate expects a number, got '8/x'$"),
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


@dataclass(frozen=True, kw_only=True)
class Attack(VerbOptions):
    """Attack."""

    subject: str = field(metadata={"positional": True})
    transfer_to: tuple[Path, ...] = ()
    curve: tuple[float, ...] = ()
    eps: float = 0.1


@pytest.mark.parametrize(
    "words",
    [
        ["run", "--transfer-to", "a", "b", "--eps", "0.5"],
        ["--transfer-to", "a", "b", "--eps", "0.5", "run"],
        ["--transfer-to=a", "b", "--eps=1/2", "run"],
        ["run", "--transfer-to", "a", "--eps", "0.5", "--transfer-to", "b"],
        ["--eps", "0.5", "--transfer-to", "a", "b", "--", "run"],
    ],
)
def test_several_paths_follow_their_flag(words):
    assert parse(Attack, words) == Attack(subject="run", transfer_to=(Path("a"), Path("b")), eps=0.5)


def test_several_fractions_are_written_with_commas():
    assert parse(Attack, ["run", "--curve", "0,2/255,0.5"]).curve == (0.0, 2 / 255, 0.5)


def test_a_subject_that_a_flag_took_is_asked_back():
    with pytest.raises(InputError, match=r"SUBJECT is missing: .* Write it before --transfer-to, which takes"):
        parse(Attack, ["--transfer-to", "a", "b", "run"])


def test_one_word_stands_for_a_whole_option():
    known = {option.name: option for option in options_of(Predict)}
    assert read_word("--set 1.hidden", known["hidden"], "8,4") == (8, 4)
    with pytest.raises(InputError, match=r"^--set 1\.rate expects a number, got 'x'$"):
        read_word("--set 1.rate", known["rate"], "x")
