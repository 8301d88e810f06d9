"""A checkpoint that is not what was written: refused, and the one before it is used."""

import hashlib
import json
import shutil
import signal

import pytest
import torch

from .conftest import assert_same_run, steps_saved

OPTIONS = ("--model", "mlp", "--model-option", "hidden=[8]", "--epochs", "3", "--checkpoint-steps", "4")


@pytest.fixture(scope="module")
def whole(shell, samples, tmp_path_factory):
    ended = shell("fit", "--data", samples / "churn.csv", *OPTIONS, "--out", tmp_path_factory.mktemp("whole"))
    assert ended.code == 0, ended.err
    return ended.run


@pytest.fixture(scope="module")
def killed(shell, samples, tmp_path_factory):
    """The run of a process that was killed after step 9; the tests work on copies."""
    out = tmp_path_factory.mktemp("killed")
    ended = shell("fit", "--data", samples / "churn.csv", *OPTIONS, "--out", out, kill_at={"step": 9})
    assert ended.code == -signal.SIGKILL
    assert steps_saved(ended.run) == [6, 8]
    return ended.run


@pytest.fixture
def run(killed, tmp_path):
    return shutil.copytree(killed, tmp_path / "0001-fit")


def truncate(checkpoint):
    state = checkpoint / "state.pt"
    state.write_bytes(state.read_bytes()[:-100])


def flip_a_bit(checkpoint):
    content = bytearray((checkpoint / "state.pt").read_bytes())
    content[len(content) // 2] ^= 1
    (checkpoint / "state.pt").write_bytes(content)


def empty(checkpoint):
    (checkpoint / "state.pt").write_bytes(b"")


def lose_manifest(checkpoint):
    (checkpoint / "manifest.json").unlink()


def garble_manifest(checkpoint):
    (checkpoint / "manifest.json").write_bytes(b"\xff\x00{")


def list_as_manifest(checkpoint):
    (checkpoint / "manifest.json").write_text('["state.pt"]')


def lose_generators(checkpoint):
    (checkpoint / "rng-0.pt").unlink()


def vouch_for_nothing(checkpoint):
    (checkpoint / "manifest.json").write_text("{}")


def vouch(checkpoint):
    files = [file for file in checkpoint.iterdir() if file.name != "manifest.json"]
    manifest = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    (checkpoint / "manifest.json").write_text(json.dumps(manifest))


def hold_a_list(checkpoint):
    torch.save([1, 2], checkpoint / "state.pt")
    vouch(checkpoint)


def hold_something_else(checkpoint):
    torch.save({"step": 8}, checkpoint / "state.pt")
    vouch(checkpoint)


class Evil:
    """Code that a pickle runs while it is read."""

    def __init__(self, victim):
        self.victim = victim

    def __reduce__(self):
        return (open, (str(self.victim), "w"))


def hide_code_in_the_state(checkpoint):
    torch.save({"module": Evil(checkpoint.parent.parent / "victim")}, checkpoint / "state.pt")
    vouch(checkpoint)


def hide_code_in_an_old_pickle(checkpoint):
    torch.save(Evil(checkpoint.parent.parent / "victim"), checkpoint / "state.pt", _use_new_zipfile_serialization=False)
    vouch(checkpoint)


def hide_code_in_the_generators(checkpoint):
    torch.save(Evil(checkpoint.parent.parent / "victim"), checkpoint / "rng-0.pt")
    vouch(checkpoint)


DAMAGES = {
    truncate: "truncated or was altered (state.pt",
    flip_a_bit: "truncated or was altered (state.pt",
    empty: "truncated or was altered (state.pt",
    lose_manifest: "has no readable manifest",
    garble_manifest: "has no readable manifest",
    list_as_manifest: "has no readable manifest",
    lose_generators: "lacks rng-0.pt",
    vouch_for_nothing: "does not vouch for its state",
    hold_a_list: "holds a list, not a state",
    hide_code_in_the_state: "holds something other than plain data",
    hide_code_in_an_old_pickle: "holds something other than plain data",
    hide_code_in_the_generators: "holds something other than plain data",
}


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_it_is_refused_with_a_line_and_the_one_before_is_used(damage, shell, run, whole):
    damage(run / "checkpoints" / "step-0000000008")
    ended = shell("fit", "--resume", run, "--quiet")
    assert ended.code == 0, ended.err
    (line,) = ended.err.splitlines()
    assert DAMAGES[damage] in line
    assert line.endswith("is refused; the one before it is used")
    assert not (run / "victim").exists()
    assert_same_run(run, whole)


def test_a_state_of_something_else_does_not_fit(shell, run):
    hold_something_else(run / "checkpoints" / "step-0000000008")
    line = shell("fit", "--resume", run).line
    assert line.endswith("step-0000000008 does not fit this model and its options: 'module'")


@pytest.mark.parametrize("damage", [truncate, hide_code_in_the_state], ids=lambda damage: damage.__name__)
def test_where_none_can_be_trusted_the_run_is_left_alone(damage, shell, run):
    for step in (6, 8):
        damage(run / "checkpoints" / f"step-{step:010}")
    before = {file: file.read_bytes() for file in run.rglob("*") if file.is_file() and file.name != "lock"}
    line = shell("fit", "--resume", run).line
    assert line.startswith(f"burnish fit: no checkpoint in {run}/checkpoints can be trusted: ")
    assert DAMAGES[damage] in line
    assert not (run / "victim").exists()
    assert {file: file.read_bytes() for file in run.rglob("*") if file.is_file() and file.name != "lock"} == before
