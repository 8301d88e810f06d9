"""Tests of burnish.training.observers.checkpointer."""

import pytest
import torch

from burnish.common.errors import CheckpointError
from burnish.training.checkpoint import list_checkpoints, step_of
from burnish.training.observers.checkpointer import Checkpointer


def steps(folder) -> list[int]:
    return [step_of(path) for path in list_checkpoints(folder)]


def written(engine, folder, **options) -> list[int]:
    """The steps at which checkpoints were written while training."""
    checkpointer, seen = Checkpointer(folder, keep=99, **options), []
    engine.attach(checkpointer)
    engine.fit()
    seen.extend(steps(folder))
    return seen


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [3, 6, 9, 12]),
        ({"epochs": 2}, [6, 12]),
        ({"epochs": 3}, [9, 12]),  # the end is always saved
        ({"epochs": 9, "steps": 5}, [5, 10, 12]),
    ],
)
def test_checkpoints_come_after_epochs_after_steps_and_at_the_end(make_engine, tmp_path, options, expected):
    assert written(make_engine(), tmp_path, **options) == expected


def test_the_last_two_are_kept(make_engine, tmp_path):
    engine = make_engine()
    engine.attach(Checkpointer(tmp_path))
    engine.fit()
    assert steps(tmp_path) == [9, 12]


@pytest.mark.parametrize("stop", [2, 6, 7])
def test_a_resumed_engine_ends_with_the_same_bits(make_engine, tmp_path, stop):
    whole = make_engine()
    torch.manual_seed(5)
    whole.fit()

    first = make_engine()
    checkpointer = Checkpointer(tmp_path, steps=1)
    first.attach(checkpointer)
    first.events.on("step", lambda engine: setattr(engine, "stop_requested", "killed"), once=stop)
    torch.manual_seed(5)
    first.fit()

    torch.manual_seed(99)
    second, checkpointer = make_engine(), Checkpointer(tmp_path, steps=1)
    second.attach(checkpointer)
    assert checkpointer.resume(second) == []
    assert second.step == stop
    second.fit()
    assert torch.equal(second.module.weight, whole.module.weight)
    assert second.last_evaluation.metrics == whole.last_evaluation.metrics


def test_resuming_puts_the_generators_back(make_engine, tmp_path):
    engine, checkpointer = make_engine(), Checkpointer(tmp_path)
    engine.attach(checkpointer)
    torch.manual_seed(1)
    checkpointer.save(engine)
    expected = torch.rand(3)
    torch.manual_seed(2)
    checkpointer.resume(engine)
    assert torch.equal(torch.rand(3), expected)


def test_a_damaged_checkpoint_is_told_and_the_one_before_is_used(make_engine, tmp_path):
    engine, checkpointer = make_engine(), Checkpointer(tmp_path)
    engine.attach(checkpointer)
    engine.fit()
    (list_checkpoints(tmp_path)[-1] / "state.pt").write_bytes(b"damage")
    again = make_engine()
    again.attach(checkpointer := Checkpointer(tmp_path))
    (line,) = checkpointer.resume(again)
    assert "truncated or was altered" in line
    assert line.endswith("the one before it is used")
    assert again.step == 9


def test_what_a_killed_process_left_is_cleared_away(make_engine, tmp_path):
    engine, checkpointer = make_engine(), Checkpointer(tmp_path)
    engine.attach(checkpointer)
    checkpointer.save(engine)
    (tmp_path / ".step-0000000099.tmp").mkdir()
    checkpointer.resume(engine)
    assert [path.name for path in tmp_path.iterdir()] == ["step-0000000000"]


def test_a_checkpoint_of_another_model_is_named(make_engine, tmp_path):
    engine, checkpointer = make_engine(), Checkpointer(tmp_path)
    engine.attach(checkpointer)
    checkpointer.save(engine)
    other = make_engine(ema=0.9)
    other.module.weight.data = torch.zeros(5, 4)
    other.attach(checkpointer)
    with pytest.raises(CheckpointError, match="does not fit this model and its options: "):
        checkpointer.resume(other)


def test_nothing_saved_is_said(make_engine, tmp_path):
    with pytest.raises(CheckpointError, match="there is no checkpoint in"):
        Checkpointer(tmp_path).resume(make_engine())
