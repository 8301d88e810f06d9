"""A full disk: one line, nothing half-written, and the run goes on when there is space again."""

import pytest

from .conftest import assert_same_run, steps_saved

OPTIONS = ("--model", "mlp", "--model-option", "hidden=[8]", "--epochs", "3", "--checkpoint-steps", "4", "--quiet")


@pytest.fixture(scope="module")
def untouched(shell, samples, tmp_path_factory):
    out = tmp_path_factory.mktemp("untouched")
    assert shell("fit", "--data", samples / "churn.csv", *OPTIONS, "--out", out).code == 0
    return out / "0001-fit"


def spoilt(shell, samples, out, **sabotage):
    return shell("fit", "--data", samples / "churn.csv", *OPTIONS, "--out", out, **sabotage)


def test_a_file_size_limit_stops_with_one_line_and_keeps_the_checkpoint_before(shell, samples, tmp_path, untouched):
    ended = spoilt(shell, samples, tmp_path, limit_file_size={"size": 3000, "step": 5})
    run = tmp_path / "0001-fit"
    assert ended.line.startswith(f"burnish fit: could not write checkpoint {run}/checkpoints/")
    assert "File too large; step-0000000004 is intact: free some space, then resume" in ended.line
    assert steps_saved(run)[-1] == 4
    assert shell("fit", "--resume", run).code == 0
    assert_same_run(run, untouched)


def test_a_limit_before_the_first_checkpoint_does_not_promise_a_resume(shell, samples, tmp_path):
    ended = spoilt(shell, samples, tmp_path, fill_disk_in={"function": "burnish.training.checkpoint._save"})
    assert "No space left on device; there is none before it: start again" in ended.line


@pytest.mark.parametrize(
    "function",
    [
        "burnish.training.checkpoint._seal",
        "burnish.runs.metrics.MetricsLog.write",
        "burnish.verbs.fitting.fitting.save_weights",
    ],
)
def test_a_full_disk_anywhere_is_one_line(function, shell, samples, tmp_path, untouched):
    ended = spoilt(shell, samples, tmp_path, fill_disk_in={"function": function})
    assert "No space left on device" in ended.line
    run = tmp_path / "0001-fit"
    if steps_saved(run):
        assert shell("fit", "--resume", run).code == 0
        assert_same_run(run, untouched)


def test_a_disk_that_is_full_from_the_start_leaves_no_run(shell, samples, tmp_path):
    ended = spoilt(shell, samples, tmp_path, fill_disk_in={"function": "burnish.verbs.fitting.records.write_config"})
    assert "No space left on device" in ended.line
    assert not list(tmp_path.iterdir())
