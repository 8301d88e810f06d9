"""Tests of burnish.training.observers.progress."""

import io
import sys

import pytest

from burnish.common.errors import NonFiniteLossError
from burnish.training.observers import progress as module
from burnish.training.observers.progress import Progress


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    """Call it within the test: pytest has a stderr of its own for each phase."""
    monkeypatch.setenv("TERM", "xterm")

    def make():
        made = Terminal()
        monkeypatch.setattr(sys, "stderr", made)
        return made

    return make


def test_every_validation_is_a_line_with_its_numbers(make_engine, capsys):
    engine = make_engine([0.25, 0.5, 0.75, 0.875])
    engine.attach(Progress())
    engine.fit()
    out, err = capsys.readouterr()
    lines = err.splitlines()
    assert out == ""
    assert len(lines) == 4
    assert all(line.startswith(f"epoch {n:6.2f}/4  validation") for n, line in enumerate(lines, start=1))
    assert "accuracy 0.5000" in lines[1]
    assert "accuracy_low" not in err
    assert lines[-1].endswith("about 0 s left")


def test_training_rows_are_written_now_and_then(make_engine, capsys, monkeypatch):
    monkeypatch.setattr(module, "SECONDS_BETWEEN_LINES", 0.0)
    engine = make_engine(validated=False, log_every=3)
    engine.attach(Progress())
    engine.fit()
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 4
    assert all("train" in line and "samples/s" in line for line in lines)


def test_training_rows_are_not_written_more_often_than_that(make_engine, capsys):
    engine = make_engine(validated=False, log_every=1)
    engine.attach(Progress())
    engine.fit()
    assert capsys.readouterr().err == ""


def test_quiet_says_nothing(make_engine, capsys):
    engine = make_engine()
    engine.attach(Progress(quiet=True))
    engine.fit()
    assert capsys.readouterr() == ("", "")


def test_a_terminal_gets_a_bar_that_goes_away(make_engine, terminal):
    engine, progress, stderr = make_engine(), Progress(), terminal()
    engine.attach(progress)
    engine.fit()
    assert "epoch 4/4" in stderr.getvalue()
    assert "validation" in stderr.getvalue()
    assert stderr.getvalue().rstrip().endswith("\x1b[?25h")  # the cursor is back
    assert progress._bar is None


def test_the_bar_goes_away_after_an_error_too(make_engine, terminal):
    engine, progress, stderr = make_engine(), Progress(), terminal()
    engine.attach(progress)
    engine.events.on("step", lambda engine: engine.module.weight.data.fill_(float("nan")), once=4)
    with pytest.raises(NonFiniteLossError):
        engine.fit()
    assert progress._bar is None
    assert stderr.getvalue().rstrip().endswith("\x1b[?25h")


def test_a_terminal_without_rich_gets_lines(make_engine, terminal, monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "rich"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "rich.console", None)
    engine, stderr = make_engine(), terminal()
    engine.attach(Progress())
    engine.fit()
    assert stderr.getvalue().count("validation") == 4
    assert "\x1b" not in stderr.getvalue()
