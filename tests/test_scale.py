"""Several processes do what one does: whole torchrun jobs, as a user starts them."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import burnish
from burnish import cli
from burnish.training.checkpoint import list_checkpoints

TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1"}
LOSSES = {"rtol": 1e-5, "atol": 1e-6}
WEIGHTS = {"rtol": 1e-4, "atol": 2e-6}
"""What docs/scale.md promises for fp32: rounding differs, because sums over a batch are made in another order."""

TEXT = "the quick brown fox jumps over the lazy dog. " * 60
CASES = {
    "mlp": {"data": "digits"},
    "lenet5": {"data": "digits", "input_size": 16},
    "logistic-regression": {"data": "breast-cancer"},
    "perceptron": {"data": "digits"},
    "char-lstm": {"model_option": {"embedding": 8, "hidden": 16, "num_layers": 2}, "sequence_length": 16},
}
SHORT = {"epochs": 2, "max_steps": 24, "log_every": 5, "precision": "fp32", "quiet": True}


def words(**options):
    line = []
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        if isinstance(value, dict):
            line += [word for key, item in value.items() for word in (flag, f"{key}={item}")]
        else:
            line += [flag] if value is True else [flag, str(value)]
    return line


def start(*line):
    command = [*TORCHRUN, "-m", "burnish", "fit", *line]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT, start_new_session=True
    )


def finish(job, timeout=200):
    """Exit code and both outputs; whatever still runs by then is killed."""
    try:
        out, err = job.communicate(timeout=timeout)
    finally:
        kill(job)
    return job.returncode, out, err


def kill(job):
    """The agent and every process that it started, at once: each has a process group of its own."""
    children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(job.pid)], capture_output=True, text=True).stdout
    for pid in [*map(int, children.split()), job.pid]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def together(folder, **options):
    code, out, err = finish(start(*words(**options, out=folder, json=True)))
    assert code == 0, err
    assert out.count("\n") == 1
    return Path(json.loads(out)["run"])


def options_of(model, tmp_path):
    options = {"model": model, **CASES[model], **SHORT}
    if "data" not in options:
        file = tmp_path / "text.txt"
        file.write_text(TEXT)
        options["data"] = str(file)
    return options


def rows(run):
    hidden = ("seconds", "samples_per_second", "data_wait")
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [{k: v for k, v in json.loads(line).items() if k not in hidden} for line in lines]


def assert_equal_runs(one, two):
    """The same rows and weights, to the bit."""
    assert rows(one) == rows(two)
    first, second = load_file(one / "model.safetensors"), load_file(two / "model.safetensors")
    assert all(torch.equal(first[name], second[name]) for name in first)


def assert_close_runs(one, two):
    """The same rows and weights, to the rounding of float32."""
    assert [(row["event"], row["step"]) for row in rows(one)] == [(row["event"], row["step"]) for row in rows(two)]
    losses = [torch.tensor([row["loss"] for row in rows(run)], dtype=torch.float64) for run in (one, two)]
    torch.testing.assert_close(*losses, **LOSSES)
    first, second = load_file(one / "model.safetensors"), load_file(two / "model.safetensors")
    assert first.keys() == second.keys()
    for name in first:
        torch.testing.assert_close(second[name], first[name], **WEIGHTS)
    results = [json.loads((run / "result.json").read_text()) for run in (one, two)]
    assert {name: type(value) for name, value in results[0].items()} == {n: type(v) for n, v in results[1].items()}
    assert [result["parameters"] for result in results] == [results[0]["parameters"]] * 2


def alone(folder, **options):
    return burnish.fit(**options, out=folder).path


def test_two_processes_learn_what_one_learns(tmp_path):
    options = options_of("mlp", tmp_path)
    assert_close_runs(alone(tmp_path, **options), together(tmp_path, **options))


@pytest.mark.slow
@pytest.mark.parametrize("model", ["lenet5", "logistic-regression", "perceptron", "char-lstm"])
def test_two_processes_learn_what_one_learns_with_every_model_of_the_foundations(model, tmp_path):
    options = options_of(model, tmp_path)
    assert_close_runs(alone(tmp_path, **options), together(tmp_path, **options))


@pytest.mark.slow
@pytest.mark.parametrize("model", ["mlp", "lenet5", "char-lstm"])
def test_sharded_weights_learn_what_one_process_learns(model, tmp_path):
    options = options_of(model, tmp_path) | {"ema": 0.9, "clip_norm": 1.0, "l2": 0.01, "max_norm": 2.0}
    assert_close_runs(alone(tmp_path, **options), together(tmp_path, **options, parallel="fsdp"))


@pytest.mark.slow
def test_micro_batches_and_the_best_weights_are_those_of_one_process(tmp_path):
    options = options_of("mlp", tmp_path) | {"accumulate": 3, "early_stopping": 1, "batch_size": 25}
    assert_close_runs(alone(tmp_path, **options), together(tmp_path, **options))


def when_it_has_checkpoints(job, folder, count=1):
    """Wait until a job in a new folder has written this many checkpoints; returns its run."""
    until = time.monotonic() + 120
    while time.monotonic() < until and job.poll() is None:
        for run in folder.glob("0*-fit"):
            found = list_checkpoints(run / "checkpoints")
            if found and int(found[-1].name[-10:]) >= count:
                return run
        time.sleep(0.01)
    raise AssertionError(job.communicate(timeout=10))


LONG = {
    "model": "mlp",
    "data": "digits",
    "epochs": 3,
    "log_every": 7,
    "checkpoint_steps": 4,
    "precision": "fp32",
    "quiet": True,
}


@pytest.mark.slow
@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_a_killed_job_resumes_to_the_bit(parallel, tmp_path):
    """With dropout, so that the generators of both ranks have to come back too."""
    options = LONG | {"parallel": parallel, "model_option": {"dropout": 0.3}, "ema": 0.9}
    job = start(*words(**options, out=tmp_path / "killed"))
    run = when_it_has_checkpoints(job, tmp_path / "killed", count=12)
    kill(job)
    job.communicate()
    assert not (run / "result.json").exists()
    code, _, err = finish(start("--resume", str(run), "--quiet"))
    assert code == 0, err
    assert_equal_runs(together(tmp_path / "straight", **options), run)


@pytest.mark.slow
@pytest.mark.parametrize("signal_", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_all_ranks_at_one_step_and_saves(signal_, tmp_path):
    job = start(*words(**LONG | {"epochs": 100_000, "max_steps": 100_000}, out=tmp_path))
    run = when_it_has_checkpoints(job, tmp_path, count=8)
    os.kill(job.pid, signal_)
    code, out, err = finish(job, timeout=60)
    assert code != 0
    assert out == ""
    said = [line for line in err.splitlines() if line.startswith("burnish fit:")]
    step = int(list_checkpoints(run / "checkpoints")[-1].name[-10:])
    assert len(said) == 1, err
    assert f"stopped at step {step} of" in said[0]
    assert f"torchrun --nproc-per-node 2 -m burnish fit --resume {run}" in said[0]


@pytest.mark.slow
def test_a_sharded_run_goes_on_with_one_process_and_back(tmp_path):
    options = LONG | {"parallel": "fsdp", "clip_norm": 1.0}
    straight = together(tmp_path / "straight", **options)
    job = start(*words(**options, out=tmp_path / "stopped"))
    run = when_it_has_checkpoints(job, tmp_path / "stopped", count=4)
    kill(job)
    job.communicate()
    copied = shutil.copytree(run, tmp_path / "copied")
    burnish.fit(resume=copied, quiet=True)
    assert_close_runs(straight, copied)

    one = burnish.fit(**LONG, clip_norm=1.0, out=tmp_path / "one").path
    unfinished = shutil.copytree(one, tmp_path / "unfinished")
    (unfinished / "result.json").unlink()
    shutil.rmtree(list_checkpoints(unfinished / "checkpoints")[-1])
    code, _, err = finish(start("--resume", str(unfinished), "--quiet", "--parallel", "fsdp"))
    assert code == 0, err
    assert_close_runs(one, unfinished)


def test_sharding_over_one_process_is_refused(tmp_path, capsys):
    assert cli.main(["fit", "--data", "digits", "--parallel", "fsdp", "--out", str(tmp_path / "runs")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "burnish fit: --parallel fsdp shares a model among processes, and this is one alone" in err
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "message"),
    [
        (["--data", "digits", "--model", "mpl"], "burnish fit: unknown model 'mpl' (did you mean 'mlp'?)"),
        (["--data", "digits", "--learning-rate", "fast"], "burnish fit: "),
        (["--data", "digits", "--batch-size", "1"], "burnish fit: a batch of 1 cannot be shared by 2 processes"),
        (["--data", "digits", "--optimizer", "lbfgs"], "burnish fit: lbfgs works with one optimizer, one process"),
        (["--data", "digits", "--model", "perceptron", "--parallel", "fsdp"], "use --parallel ddp"),
        (["--resume", "nowhere"], "burnish fit: there is no run 'nowhere'"),
    ],
)
def test_bad_input_is_said_once_and_leaves_nothing_behind(line, message, tmp_path):
    code, out, err = finish(start(*line, "--out", str(tmp_path / "runs")))
    assert code != 0
    assert out == ""
    said = [text for text in err.splitlines() if text.startswith("burnish fit:")]
    assert len(said) == 1, err
    assert message in said[0]
    assert "burnish/src" not in err.replace(str(Path(burnish.__file__).parent), "burnish/src")
    assert not list(tmp_path.rglob("*"))


TWICE = """
import os
import sys
import burnish
for seed in (0, 1):
    run = burnish.fit("digits", "mlp", max_steps=5, out=sys.argv[1], quiet=True, seed=seed, parallel=sys.argv[2])
    total = sum(parameter.double().sum().item() for parameter in run.model.parameters())
    (run.path / f"sum-{os.environ['RANK']}").write_text(repr(total))
"""


@pytest.mark.slow
@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_a_script_may_fit_twice_and_every_process_gets_the_model(parallel, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(TWICE)
    command = [*TORCHRUN, str(script), str(tmp_path / "runs"), parallel]
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, timeout=100)
    assert done.returncode == 0, done.stderr
    sums = [float(file.read_text()) for file in sorted((tmp_path / "runs").glob("*/sum-*"))]
    assert len(sums) == 4
    assert sums[0] == sums[1] != sums[2] == sums[3]


FAILING = """
import os, sys
import burnish
from burnish.common.errors import BurnishError, InputError
from burnish.training.observers.observer import Stateless

class Trouble(Stateless):
    name = "trouble"
    def subscribe(self, engine):
        engine.events.on("step", self.fail, every=5)
    def fail(self, engine):
        if engine.world.rank == 1:
            raise InputError("rank 1 cannot go on") if sys.argv[2] == "input" else ValueError("a bug")

try:
    burnish.fit("digits", "mlp", epochs=1000, out=sys.argv[1], quiet=True, observers=[Trouble()])
except BurnishError as error:
    print("said:", error, file=sys.stderr)
    sys.exit(2)
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["input", "bug"])
def test_a_failing_rank_stops_the_others(kind, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(FAILING)
    command = [*TORCHRUN, str(script), str(tmp_path / "runs"), kind]
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, timeout=100)
    assert done.returncode != 0
    assert ("rank 1 cannot go on" if kind == "input" else "ValueError: a bug") in done.stderr
    assert time.monotonic() - began < 60
    assert not list((tmp_path / "runs").glob("*/result.json"))


@pytest.mark.slow
def test_a_process_that_is_killed_ends_the_job(tmp_path):
    job = start(*words(**LONG | {"epochs": 100_000, "max_steps": 100_000}, out=tmp_path))
    run = when_it_has_checkpoints(job, tmp_path, count=4)
    victims = subprocess.run(["ps", "-o", "pid=", "--ppid", str(job.pid)], capture_output=True, text=True).stdout
    os.kill(int(victims.split()[-1]), signal.SIGKILL)
    code, _, err = finish(job, timeout=60)
    assert code not in (None, 0)
    assert "src/burnish" not in err  # torchrun shows where it failed itself; no frame of ours is among that
    assert list_checkpoints(run / "checkpoints")


@pytest.mark.parametrize("cut", [{"ratio": 0.5}, {"level": "weight", "sparsity": 0.7}], ids=["filters", "weights"])
def test_a_pruned_model_is_trained_on_by_two_processes_as_by_one(tmp_path, cut):
    options = {"epochs": 1, "precision": "fp32", "threads": 1}
    base = burnish.fit("digits", "mlp", out=tmp_path / "runs", quiet=True, **options)
    pruned = burnish.prune(base, out=tmp_path / "runs", quiet=True, **cut, **options)
    one = burnish.fit(parent=pruned.path, out=tmp_path / "one", quiet=True, **options).path
    two = together(tmp_path / "two", parent=pruned.path, **options)
    assert_close_runs(one, two)
