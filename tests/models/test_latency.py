"""Tests of burnish.models.latency."""

import time

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.models import compare_latency, measure_latency


class Sleeper(nn.Module):
    """Waits while it runs, and remembers how it was run."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))
        self.seen = []

    def forward(self, x):
        self.seen.append((self.training, torch.is_grad_enabled(), torch.get_num_threads()))
        time.sleep(0.004)
        return x * self.weight


def test_on_several_threads_it_is_wall_time_in_milliseconds():
    found = measure_latency(Sleeper(), torch.zeros(1), repeats=5, warmup=0, threads=2)
    assert 4 <= found.low <= found.median <= found.high < 400
    assert str(found).endswith("]")


def test_on_one_thread_what_others_do_meanwhile_does_not_count():
    assert measure_latency(Sleeper(), torch.zeros(1), repeats=5, warmup=0).median < 2


def test_a_slow_model_is_timed_less_often():
    model = Sleeper()
    assert measure_latency(model, torch.zeros(1), repeats=50, warmup=50, seconds=0.0).repeats == 3
    assert len(model.seen) == 4


def test_two_models_take_turns():
    large = nn.Sequential(*[nn.Linear(512, 512) for _ in range(9)])
    ratio, first, second = compare_latency(large, large[:3], torch.zeros(256, 512), repeats=5)
    assert ratio < 0.7
    assert second.median < first.median
    assert first.repeats == second.repeats == 5


def test_the_order_of_a_pair_changes_from_turn_to_turn():
    order = []

    class Named(Sleeper):
        def forward(self, x):
            order.append(self)
            return x

    one, two = Named(), Named()
    compare_latency(one, two, torch.zeros(1), repeats=4)
    assert order[-8:] == [two, one, one, two, two, one, one, two]


def test_forwards_run_in_evaluation_without_gradients_on_the_threads_asked_for():
    model, before = Sleeper(), torch.get_num_threads()
    measure_latency(model, torch.zeros(1), repeats=3, warmup=2, threads=1)
    assert model.seen == [(False, False, 1)] * 5
    assert model.training
    assert torch.get_num_threads() == before


def test_threads_come_back_after_a_failure():
    before = torch.get_num_threads()
    with pytest.raises(RuntimeError):
        measure_latency(nn.Linear(3, 2), torch.zeros(1, 4), threads=before + 1)
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("wrong", [{"repeats": 1}, {"warmup": -1}, {"threads": 0}])
def test_wrong_numbers_are_named(wrong):
    with pytest.raises(InputError, match="repeats must be at least 2, warmup at least 0 and threads at least 1, got"):
        measure_latency(Sleeper(), torch.zeros(1), **wrong)


def test_the_meta_device_has_no_latency():
    with pytest.raises(InputError, match="a model on the meta device computes nothing"):
        measure_latency(nn.Linear(2, 2, device="meta"), torch.zeros(1, 2))
