"""kill -9 at any moment of a fit: resumed, it ends as if nothing had happened."""

import os
import random
import signal
import subprocess
import sys

import pytest

from .conftest import assert_same_run, rows, steps_saved

MEMORY = ("--batch-size", "8", "--epochs", "2", "--checkpoint-steps", "2", "--log-every", "3")
FILES = ("--cache-mb", "0", *MEMORY)
KINDS = {
    "lenet5": ("photos", "--model", "lenet5", "--optimizer", "momentum", "--ema", "0.9", *FILES),
    "resnet20": ("photos", "--model", "resnet20", "--input-size", "8", *FILES),
    "augmented-files": (
        *("photos", "--model", "lenet5", "--augment", "resized-crop", "--augment", "rotate", "--augment", "mixup"),
        *FILES,
    ),
    "augmented-memory": ("photos", "--model", "lenet5", "--augment", "heavy", *MEMORY),
    "perceptron": (
        "churn.csv",
        "--model",
        "perceptron",
        "--epochs",
        "3",
        "--checkpoint-steps",
        "4",
        "--log-every",
        "5",
    ),
    "classes": (
        *("churn.csv", "--model", "mlp", "--model-option", "dropout=0.3", "--model-option", "hidden=[8]"),
        *("--epochs", "3", "--ema", "0.9", "--checkpoint-steps", "4", "--l1", "1e-4", "--accumulate", "2"),
    ),
    "numbers": (
        *("price.csv", "--model", "mlp", "--model-option", "hidden=[8]", "--early-stopping", "2", "--epochs", "6"),
        *("--schedule", "plateau", "--plateau-patience", "1", "--learning-rate", "0.2", "--checkpoint-steps", "3"),
    ),
    "char-lstm": (
        *("words.txt", "--model", "char-lstm", "--model-option", "hidden=8", "--model-option", "dropout=0.2"),
        *("--sequence-length", "16", "--batch-size", "16", "--epochs", "2", "--checkpoint-steps", "3"),
    ),
    "gan": (
        *("points", "--model", "gan", "--model-option", "hidden=[8]", "--batch-size", "512", "--task-option", "k=2"),
        *("--epochs", "2", "--checkpoint-steps", "3", "--ema", "0.9", "--log-every", "4"),
    ),
}


def words(kind, samples, out, *more):
    data, *options = KINDS[kind]
    return ("fit", "--data", data if data == "points" else samples / data, *options, "--out", out, *more)


@pytest.fixture(scope="module")
def untouched(shell, samples, tmp_path_factory):
    """The run of a kind that nobody disturbed, fitted once."""
    found = {}

    def fit(kind):
        if kind not in found:
            ended = shell(*words(kind, samples, tmp_path_factory.mktemp(kind)))
            assert ended.code == 0, ended.err
            found[kind] = ended.run
        return found[kind]

    return fit


def last_step(run):
    return rows(run)[-1]["step"]


def fit_killed_and_resumed(shell, spoilt, whole):
    assert spoilt.code == -signal.SIGKILL, spoilt.err
    resumed = shell("fit", "--resume", spoilt.run)
    assert resumed.code == 0, resumed.err
    assert_same_run(spoilt.run, whole)
    return resumed


@pytest.mark.parametrize("kind", KINDS)
def test_killed_after_a_step_it_ends_bit_equal(kind, shell, samples, tmp_path, untouched):
    whole = untouched(kind)
    step = random.Random(kind).randint(1, last_step(whole))
    spoilt = shell(*words(kind, samples, tmp_path), kill_at={"step": step})
    fit_killed_and_resumed(shell, spoilt, whole)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_killed_after_any_step_with_any_workers_it_ends_bit_equal(
    kind, seed, workers, shell, samples, tmp_path, untouched
):
    whole = untouched(kind)
    step = random.Random(f"{kind}{seed}").randint(1, last_step(whole))
    spoilt = shell(*words(kind, samples, tmp_path, "--workers", workers), kill_at={"step": step})
    fit_killed_and_resumed(shell, spoilt, whole)


def test_workers_of_a_killed_run_do_not_keep_its_lock(shell, samples, tmp_path, untouched):
    spoilt = shell(*words("lenet5", samples, tmp_path, "--workers", 2), kill_at={"step": 7})
    resumed = fit_killed_and_resumed(shell, spoilt, untouched("lenet5"))
    assert "resuming" in resumed.err


def test_killed_before_its_first_checkpoint_it_starts_again_in_the_same_folder(shell, samples, tmp_path, untouched):
    spoilt = shell(*words("classes", samples, tmp_path), kill_at={"step": 1})
    assert steps_saved(spoilt.run) == [0]
    fit_killed_and_resumed(shell, spoilt, untouched("classes"))


def test_killed_three_times_it_ends_bit_equal(shell, samples, tmp_path, untouched):
    spoilt = shell(*words("classes", samples, tmp_path), kill_at={"step": 3})
    for step in (7, 8):
        assert shell("fit", "--resume", spoilt.run, kill_at={"step": step}).code == -signal.SIGKILL
    fit_killed_and_resumed(shell, spoilt, untouched("classes"))


def test_a_resumed_run_may_take_other_workers(shell, samples, tmp_path, untouched):
    spoilt = shell(*words("lenet5", samples, tmp_path), kill_at={"step": 4})
    assert shell("fit", "--resume", spoilt.run, "--workers", 2).code == 0
    assert_same_run(spoilt.run, untouched("lenet5"))


def test_a_run_is_resumed_from_a_shell_of_its_own(shell, samples, tmp_path, untouched):
    spoilt = shell(*words("gan", samples, tmp_path), kill_at={"step": 11})
    done = subprocess.run(
        [sys.executable, "-m", "burnish", "fit", "--resume", spoilt.run],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert "resuming" in done.stderr
    assert_same_run(spoilt.run, untouched("gan"))


PLACES = [
    *(("torch.save", call, when) for call in (3, 4) for when in ("before", "after")),
    *(("os.fsync", call, "after") for call in (13, 14, 15, 16)),
    *(("pathlib.Path.rename", call, when) for call in (3, 4, 5, 6) for when in ("before", "after")),
    *(("shutil.rmtree", call, when) for call in (4, 5, 6) for when in ("before", "after")),
    ("burnish.training.checkpoint._seal", 3, "before"),
    ("burnish.verbs.fitting.fitting.save_weights", 1, "before"),
    ("burnish.verbs.fitting.fitting.save_weights", 1, "after"),
]


@pytest.mark.parametrize(
    ("function", "call", "when"),
    [
        pytest.param(*place, marks=[] if number % 4 == 0 else [pytest.mark.slow], id="-".join(map(str, place)))
        for number, place in enumerate(PLACES)
    ],
)
def test_killed_between_two_writes_it_ends_bit_equal(function, call, when, shell, samples, tmp_path, untouched):
    spoilt = shell(*words("numbers", samples, tmp_path), kill_in={"function": function, "call": call, "when": when})
    fit_killed_and_resumed(shell, spoilt, untouched("numbers"))
    assert len(steps_saved(spoilt.run)) == 2


@pytest.mark.parametrize("call", [3, pytest.param(4, marks=pytest.mark.slow), pytest.param(9, marks=pytest.mark.slow)])
def test_killed_with_half_a_checkpoint_written_it_ends_bit_equal(call, shell, samples, tmp_path, untouched):
    spoilt = shell(*words("classes", samples, tmp_path), tear={"call": call})
    fit_killed_and_resumed(shell, spoilt, untouched("classes"))
    assert len(steps_saved(spoilt.run)) == 2
