"""Tests of burnish.cli."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Literal

import pytest

from burnish import __version__, cli
from burnish.common.errors import CheckpointError, InputError, Interrupted
from burnish.verbs.interface import lookup
from burnish.verbs.interface.options import VerbOptions
from burnish.verbs.interface.outcome import Outcome


@dataclass(frozen=True, kw_only=True)
class Fit(VerbOptions):
    """Fake a fit."""

    data: str = field(metadata={"positional": True})
    """Name of the data."""
    epochs: int = 10
    """Passes over the data."""
    optimizer: Literal["adam", "sgd"] = "adam"
    """Update rule."""


@pytest.fixture
def fit(monkeypatch):
    """A verb that answers what it was asked; its ``does`` can be replaced by anything."""
    verb = SimpleNamespace(does=lambda options: Outcome(f"{options.epochs} epochs", {"epochs": options.epochs}))
    monkeypatch.setattr(lookup, "load_verb", lambda name: (Fit, lambda options: verb.does(options)))
    return verb


def raises(error):
    def command(options):
        raise error

    return command


def in_fresh_process(*words, **options):
    return subprocess.run(
        [sys.executable, "-m", "burnish", *words], capture_output=True, text=True, timeout=120, **options
    )


def test_help_names_every_verb_with_its_line(capsys):
    assert cli.main(["--help"]) == 0
    printed = capsys.readouterr().out
    for verb, line in cli.VERBS.items():
        assert f"  {verb} " in printed
        assert line in printed


def test_no_words_at_all_print_the_help_on_stderr_as_a_mistake(capsys):
    assert cli.main([]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("usage: burnish VERB")


def test_version_is_the_package_s(capsys):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"burnish {__version__}\n"


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("fti", "burnish: unknown verb 'fti' (did you mean 'fit'?): expected one of fit, evaluate, predict,"),
        ("zzz", "burnish: unknown verb 'zzz': expected one of fit,"),
        ("--jsn", "burnish: unknown option '--jsn': expected one of fit,"),
    ],
)
def test_an_unknown_verb_is_one_line_and_exit_2(word, line, capsys):
    assert cli.main([word]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(line)
    assert err.count("\n") == 1


def test_a_verb_prints_its_text(fit, capsys):
    assert cli.main(["fit", "digits", "--epochs", "3"]) == 0
    assert capsys.readouterr() == ("3 epochs\n", "")


def test_json_prints_one_object_and_sends_everything_else_to_stderr(fit, capsys):
    def chatty(options):
        print("loading")
        return Outcome("done", {"run": Path("runs/0001-fit"), "loss": float("nan")})

    fit.does = chatty
    assert cli.main(["fit", "digits", "--json"]) == 0
    out, err = capsys.readouterr()
    assert out.count("\n") == 1
    assert json.loads(out) == {"run": "runs/0001-fit", "loss": None}
    assert err == "loading\n"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["digits", "--epoch", "3"], "burnish fit: unknown option '--epoch' (did you mean '--epochs'?)"),
        (["digits", "--epochs", "x"], "burnish fit: --epochs expects a whole number, got 'x'"),
        (["digits", "--epochs"], "burnish fit: --epochs expects a whole number, got nothing: write --epochs VALUE"),
        (
            ["digits", "--optimizer", "adm"],
            "burnish fit: --optimizer expects one of adam, sgd, got 'adm' (did you mean 'adam'?)",
        ),
        ([], "burnish fit: DATA is missing: Name of the data."),
        (["a", "b"], "burnish fit: unexpected argument 'b': 'burnish fit --help' shows what is expected"),
    ],
)
@pytest.mark.parametrize("json_mode", [[], ["--json"]])
def test_a_usage_error_is_one_line_on_stderr_and_exit_2(fit, words, line, json_mode, capsys):
    assert cli.main(["fit", *words, *json_mode]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err == line + "\n"


@pytest.mark.parametrize("words", [["digits"], ["digits", "--json"]])
def test_a_path_that_is_no_text_can_still_be_printed(fit, words, capsys):
    path = Path(os.fsdecode(b"runs/\xff"))
    fit.does = lambda options: Outcome(f"run: {path}", {"run": path})
    assert cli.main(["fit", *words]) == 0
    assert "udcff" in capsys.readouterr().out


def test_a_verb_s_help_lists_its_options_and_does_not_run_it(fit, capsys):
    fit.does = raises(AssertionError("ran"))
    assert cli.main(["fit", "digits", "--help"]) == 0
    printed = capsys.readouterr().out
    assert "usage: burnish fit DATA [options]" in printed
    assert "Update rule. One of adam, sgd. [adam]" in " ".join(printed.split())


@pytest.mark.parametrize("error", [InputError("no such data"), CheckpointError("no such data")])
def test_an_error_on_purpose_is_one_line_and_exit_2(fit, error, capsys):
    fit.does = raises(error)
    assert cli.main(["fit", "digits"]) == 2
    assert capsys.readouterr() == ("", "burnish fit: no such data\n")


@pytest.mark.parametrize(
    ("reason", "line"),
    [(Interrupted("saved; go on with --resume"), "saved; go on with --resume"), (KeyboardInterrupt(), "interrupted")],
)
def test_an_interruption_exits_130(fit, reason, line, capsys):
    fit.does = raises(reason)
    assert cli.main(["fit", "digits"]) == 130
    assert capsys.readouterr() == ("", f"burnish fit: {line}\n")


def test_a_bug_keeps_its_traceback(fit):
    fit.does = raises(RuntimeError("bug"))
    with pytest.raises(RuntimeError, match="bug"):
        cli.main(["fit", "digits"])


def test_only_the_first_of_torchrun_s_processes_prints(fit, capsys, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    assert cli.main(["fit", "digits"]) == 0
    assert capsys.readouterr().out == ""
    monkeypatch.setenv("RANK", "0")
    assert cli.main(["fit", "digits"]) == 0
    assert capsys.readouterr().out == "10 epochs\n"


def test_a_reader_that_leaves_early_is_no_error():
    both = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {sys.executable} -m burnish --help | true"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert both.returncode == 0
    assert both.stderr == ""


def test_the_module_is_the_command():
    done = in_fresh_process("fti")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("burnish: unknown verb 'fti' (did you mean 'fit'?)")
