"""Tests of burnish.training.checkpoint."""

import hashlib
import json
import pickle
from pathlib import Path

import pytest
import torch

from burnish.common.errors import CheckpointError
from burnish.common.seeding import rng_state, set_rng_state
from burnish.training import checkpoint
from burnish.training.checkpoint import (
    drop_old_checkpoints,
    list_checkpoints,
    read_checkpoint,
    read_latest,
    read_rng,
    remove_unfinished,
    write_checkpoint,
)
from burnish.training.distributed import World


def write(folder, step, rng=None, prefix="step"):
    return write_checkpoint(
        folder, step, {"step": step, "w": torch.full((4,), float(step))}, rng, World(), prefix=prefix
    )


def test_what_is_written_is_read(tmp_path):
    path = write(tmp_path, 7)
    assert path.name == "step-0000000007"
    state = read_checkpoint(path)
    assert state["step"] == 7
    assert torch.equal(state["w"], torch.full((4,), 7.0))


def test_generators_go_on_where_they_were(tmp_path):
    path = write(tmp_path, 1, rng_state())
    expected = torch.rand(3)
    set_rng_state(read_rng(path, 0))
    assert torch.equal(torch.rand(3), expected)
    assert read_rng(path, 1) is None


def test_the_newest_is_read_and_older_ones_are_dropped(tmp_path):
    for step in (1, 2, 10, 9):
        write(tmp_path, step)
    write(tmp_path, 3, prefix="best")
    assert read_latest(tmp_path)[1]["step"] == 10
    drop_old_checkpoints(tmp_path, keep=2)
    assert [path.name for path in list_checkpoints(tmp_path)] == ["step-0000000009", "step-0000000010"]
    assert read_latest(tmp_path, prefix="best")[1]["step"] == 3


def test_writing_the_same_step_again_replaces_it(tmp_path):
    write(tmp_path, 5)
    write_checkpoint(tmp_path, 5, {"step": 55}, None, World())
    assert read_checkpoint(tmp_path / "step-0000000005")["step"] == 55
    assert [path.name for path in tmp_path.iterdir()] == ["step-0000000005"]


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (lambda p: _truncate(p / "state.pt"), "is truncated or was altered"),
        (lambda p: _flip(p / "state.pt"), "is truncated or was altered"),
        (lambda p: (p / "state.pt").unlink(), "lacks state.pt"),
        (lambda p: (p / "manifest.json").unlink(), "has no readable manifest"),
        (lambda p: (p / "manifest.json").write_text("{"), "has no readable manifest"),
        (lambda p: (p / "manifest.json").write_text("{}"), "does not vouch for its state"),
    ],
)
def test_a_spoilt_checkpoint_is_refused_and_the_one_before_is_used(tmp_path, spoil, line):
    write(tmp_path, 1)
    spoil(write(tmp_path, 2))
    path, state, refused = read_latest(tmp_path)
    assert (path.name, state["step"]) == ("step-0000000001", 1)
    assert len(refused) == 1
    assert line in refused[0]
    assert refused[0].endswith("the one before it is used")


class Malicious:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return Path.touch, (self.mark,)


@pytest.mark.parametrize("by", ["torch", "pickle"])
def test_code_in_a_checkpoint_is_refused_and_does_not_run(tmp_path, by):
    path, mark = write(tmp_path, 1), tmp_path / "ran"
    if by == "torch":
        torch.save({"step": Malicious(mark)}, path / "state.pt")
    else:
        (path / "state.pt").write_bytes(pickle.dumps({"step": Malicious(mark)}, protocol=2))
    digest = hashlib.sha256((path / "state.pt").read_bytes()).hexdigest()
    (path / "manifest.json").write_text(json.dumps({"state.pt": digest}))
    with pytest.raises(CheckpointError, match="and is refused"):
        read_checkpoint(path)
    assert not mark.exists()


def test_a_full_disk_leaves_the_one_before(tmp_path, monkeypatch):
    write(tmp_path, 1)

    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint.torch, "save", full)
    with pytest.raises(CheckpointError, match=r"step-0000000002: No space left on device; step-0000000001 is intact"):
        write(tmp_path, 2)
    assert read_latest(tmp_path)[1]["step"] == 1
    assert [path.name for path in tmp_path.iterdir()] == ["step-0000000001"]


def test_what_a_killed_process_left_is_not_seen_and_is_removed(tmp_path):
    write(tmp_path, 1)
    (tmp_path / ".step-0000000002.tmp").mkdir()
    assert read_latest(tmp_path)[1]["step"] == 1
    remove_unfinished(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["step-0000000001"]


def test_an_empty_folder_is_told(tmp_path):
    with pytest.raises(CheckpointError, match=r"there is no checkpoint in .*: nothing was saved"):
        read_latest(tmp_path)
