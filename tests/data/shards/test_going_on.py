"""A fit on shards that is killed, or loses a shard, in mid-epoch: resumed, it ends as if nothing had happened."""

import json
import os
import signal
import subprocess
import sys

import pytest

from burnish.cli import main
from burnish.data import load
from burnish.data.shards.source import ShardSource
from burnish.data.shards.writing import write_shards

FIT = "--model lenet5 --batch-size 8 --epochs 2 --validation 0.2 --test 0.1 --checkpoint-steps 2 --cache-mb 0"
TIMED = ("seconds", "samples_per_second", "data_wait")

KILLED = """
import os, signal, sys
from burnish.cli import main
from burnish.data.shards.source import ShardSource
gather, left = ShardSource.gather, int(sys.argv[1])
def counted(self, index):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return gather(self, index)
ShardSource.gather = counted
main(sys.argv[2:])
"""


@pytest.fixture
def fit(tmp_path, photos, monkeypatch):
    """Fit on shards of 48 images; ``at`` is called before a numbered reading. Gives the exit code, run and readings."""
    write_shards(
        load(photos(count=24, size=(32, 32)), cache_mb=0, validation=0.0, test=0.0), tmp_path / "s", size=30_000
    )
    whole = ShardSource.gather

    def run(out, at=None, act=None):
        count = 0

        def counted(self, index):
            nonlocal count
            count += 1
            if count == at:
                act()
            return whole(self, index)

        with monkeypatch.context() as patched:
            patched.setattr(ShardSource, "gather", counted)
            code = main(words(tmp_path, out))
        return code, next((tmp_path / out).iterdir()), count

    return run


def words(tmp_path, out):
    return ["fit", "--data", str(tmp_path / "s"), *FIT.split(), "--out", str(tmp_path / out)]


def told(run):
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if k not in TIMED} for line in lines]


def assert_goes_on_as(run, whole):
    assert any(path.name.startswith("step-") for path in (run / "checkpoints").iterdir())
    assert not (run / "model.safetensors").exists()
    assert main(["fit", "--resume", str(run)]) == 0
    assert (run / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()
    assert told(run) == told(whole)


def test_killed_in_the_middle_of_an_epoch_it_ends_bit_equal(fit, tmp_path):
    code, whole, readings = fit("whole")
    assert code == 0
    command = [sys.executable, "-c", KILLED, str(readings * 2 // 3), *words(tmp_path, "killed")]
    ended = subprocess.run(command, capture_output=True, timeout=120, env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert_goes_on_as(next((tmp_path / "killed").iterdir()), whole)


def test_a_shard_that_vanishes_stops_it_with_one_line_and_nothing_is_lost(fit, tmp_path, capsys):
    _, whole, readings = fit("whole")
    shard = tmp_path / "s/000002.tar"
    capsys.readouterr()
    code, run, _ = fit("lost", at=readings * 2 // 3, act=lambda: shard.rename(tmp_path / "away"))
    assert code == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith(f"burnish fit: shard {shard} is gone")
    assert "--resume" in error
    assert main(["fit", "--resume", str(run)]) == 2
    assert capsys.readouterr().err.endswith("bring it back, or name other shards with a pattern\n")
    (tmp_path / "away").rename(shard)
    assert_goes_on_as(run, whole)
