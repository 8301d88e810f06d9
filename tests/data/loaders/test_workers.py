"""Tests of burnish.data.loaders.workers."""

import os
import time
from types import SimpleNamespace

import pytest
import torch

from burnish.data.loaders.loader import make_loader
from burnish.data.loaders.workers import Trial, loading_record, own_cores
from burnish.data.source import Source, TensorSource

CPU, GPU = torch.device("cpu"), torch.device("cuda")


def trial(read, step, device=GPU):
    return Trial(device, reads=[9.0] + [read] * 5, steps=[9.0] + [step] * 5)


class Slow(Source):
    """Samples that take a while, and tell who read them."""

    def __init__(self, seconds=0.0):
        self.seconds = seconds

    def __len__(self):
        return 40

    def gather(self, index):
        time.sleep(self.seconds)
        return torch.full((len(index),), os.getpid()), index


@pytest.mark.parametrize(
    ("read", "step", "workers"),
    [(0.001, 0.1, 0), (0.01, 0.1, 1), (0.1, 0.1, 2), (0.3, 0.1, 4), (10.0, 0.1, 15)],
    ids=["hardly any reading", "some", "as long as a step", "longer", "no more than the cores left"],
)
def test_there_are_as_many_workers_as_steps_fit_into_a_read_and_a_quarter_more(read, step, workers):
    assert trial(read, step).choice(cores=16) == workers


def test_a_cpu_that_trains_leaves_the_cores_beyond_its_threads(monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 6)
    assert trial(1.0, 0.1, CPU).choice(cores=8) == 2
    assert trial(1.0, 0.1, GPU).choice(cores=8) == 7
    assert trial(1.0, 0.1, CPU).choice(cores=4) == 1
    assert trial(1.0, 0.1, CPU).choice(cores=1) == 0


def test_processes_on_one_machine_share_its_cores(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: range(16), raising=False)
    assert own_cores() == 16
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "8")
    assert own_cores() == 2


def test_the_first_batches_are_read_here_and_then_beside_training(monkeypatch):
    monkeypatch.setattr(Trial, "choice", lambda self: 2)
    loader = make_loader(Slow(), 4, shuffle=True, seed=0, workers="auto")
    who = [batch.inputs[0].item() for batch in loader.batches(0)]
    assert set(who[:6]) == {os.getpid()}
    assert os.getpid() not in who[6:]
    assert loader.workers == 2
    assert os.getpid() not in [batch.inputs[0].item() for batch in loader.batches(1)]


def test_the_choice_changes_no_batch(monkeypatch):
    def numbers(workers):
        loader = make_loader(Slow(), 3, shuffle=True, seed=0, workers=workers)
        return [batch.targets.tolist() for epoch in range(2) for batch in loader.batches(epoch)]

    expected = numbers(0)
    for chosen in (0, 1, 2):
        monkeypatch.setattr(Trial, "choice", lambda self, chosen=chosen: chosen)
        assert numbers("auto") == expected


def test_an_epoch_too_short_to_measure_goes_on_in_the_next():
    loader = make_loader(Slow(), 20, shuffle=True, seed=0, workers="auto")
    list(loader.batches(0))
    assert not loader.trial.is_over
    for epoch in (1, 2):
        list(loader.batches(epoch))
    assert loader.trial.is_over


def test_reading_and_training_are_told_apart():
    loader = make_loader(Slow(0.004), 4, shuffle=True, seed=0, workers="auto")
    for batch in loader.batches(0):
        time.sleep(0.012)
        if batch.index[0] < 0 or loader.trial.is_over:
            break
    read, step = loader.trial.medians()
    assert 0.004 <= read < 0.5 * step


def test_a_run_records_the_number_and_the_times_it_was_chosen_by():
    loader = SimpleNamespace(workers=3, trial=trial(0.02, 0.01))
    assert loading_record(loader) == {"workers": 3, "read_ms": 20.0, "step_ms": 10.0}
    assert loading_record(SimpleNamespace(workers=1, trial=None)) == {"workers": 1}
    assert loading_record(make_loader(TensorSource(torch.zeros(4)), 2, shuffle=True, seed=0)) == {}
