"""Ctrl-C and SIGTERM: saved, said how to go on, and gone on with as if nothing had happened."""

import random
import signal

import pytest

from .conftest import assert_same_run, rows, steps_saved

SMALL = ("--model", "mlp", "--model-option", "hidden=[8]", "--model-option", "dropout=0.2", "--epochs", "3")
PHOTOS = ("--model", "lenet5", "--cache-mb", "0", "--workers", "2", "--batch-size", "8", "--epochs", "2")


@pytest.fixture(scope="module")
def untouched(shell, samples, tmp_path_factory):
    found = {}

    def fit(data, options):
        if data not in found:
            ended = shell("fit", "--data", samples / data, *options, "--out", tmp_path_factory.mktemp("untouched"))
            assert ended.code == 0, ended.err
            found[data] = ended.run
        return found[data]

    return fit


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
@pytest.mark.parametrize(("data", "options"), [("churn.csv", SMALL), ("photos", PHOTOS)], ids=["table", "workers"])
def test_the_first_signal_saves_and_says_how_to_go_on(number, data, options, shell, samples, tmp_path, untouched):
    whole = untouched(data, options)
    last = rows(whole)[-1]["step"]
    step = random.Random(f"{data}{number}").randint(1, last - 1)
    words = ("fit", "--data", samples / data, *options, "--out", tmp_path)
    ended = shell(*words, send={"number": number, "step": step})
    assert ended.code == 130
    assert ended.out == ""
    assert "Traceback" not in ended.err
    assert ended.err.splitlines()[-1] == (
        f"burnish fit: stopped at step {step} of {last} and saved; go on with: burnish fit --resume {ended.run}"
    )
    assert steps_saved(ended.run)[-1] == step
    assert shell("fit", "--resume", ended.run).code == 0
    assert_same_run(ended.run, whole)


@pytest.mark.parametrize("step", [6, 12, 18])
def test_a_signal_at_the_end_of_an_epoch_counts_nothing_twice(step, shell, samples, tmp_path, untouched):
    words = ("fit", "--data", samples / "churn.csv", *SMALL, "--out", tmp_path)
    ended = shell(*words, send={"number": signal.SIGINT, "step": step})
    assert ended.code == 130
    assert shell("fit", "--resume", ended.run).code == 0
    assert_same_run(ended.run, untouched("churn.csv", SMALL))


def test_the_second_signal_stops_at_once(shell, samples, tmp_path, untouched):
    words = ("fit", "--data", samples / "churn.csv", *SMALL, "--out", tmp_path)
    ended = shell(*words, send={"number": signal.SIGINT, "step": 8, "times": 2})
    assert ended.code == 130
    assert "Traceback" not in ended.err
    assert steps_saved(ended.run)[-1] == 6
    assert shell("fit", "--resume", ended.run).code == 0
    assert_same_run(ended.run, untouched("churn.csv", SMALL))
