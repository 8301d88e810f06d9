"""Tests of burnish.training.waiting."""

import time

import pytest
import torch

from burnish.training.waiting import Waiting

CPU, GPU = torch.device("cpu"), torch.device("cuda")


def wait(waiting, seconds):
    waiting.asked()
    time.sleep(seconds)
    waiting.came()


def test_what_passes_between_asking_and_getting_is_waiting():
    waiting = Waiting(CPU)
    wait(waiting, 0.02)
    time.sleep(0.02)
    wait(waiting, 0.03)
    share = waiting.settle(passed=1.0)
    assert 0.05 <= share < 0.5
    assert waiting.seconds == pytest.approx(share)


def test_the_total_is_over_all_reports_and_each_share_over_its_own():
    waiting = Waiting(CPU)
    wait(waiting, 0.02)
    first = waiting.settle(passed=0.1)
    assert waiting.settle(passed=0.1) == 0.0
    assert waiting.share == pytest.approx(first / 2)


def test_a_share_is_never_more_than_all():
    waiting = Waiting(CPU)
    wait(waiting, 0.02)
    assert waiting.settle(passed=0.001) == 1.0
    assert waiting.share == 1.0
    assert Waiting(CPU).share == 0.0


def test_totals_go_through_a_checkpoint():
    waiting, again = Waiting(CPU), Waiting(CPU)
    wait(waiting, 0.01)
    waiting.settle(passed=0.1)
    again.load_state_dict(waiting.state_dict())
    assert again.share == waiting.share > 0


class Stream:
    """A device whose clock a test turns."""

    def __init__(self):
        self.now = 0.0

    def event(self):
        stream = self

        class Event:
            def record(self):
                self.at = stream.now

            def synchronize(self):
                pass

            def elapsed_time(self, other):
                return (other.at - self.at) * 1e3

        return Event()


def test_on_a_gpu_only_the_time_without_work_counts():
    stream = Stream()
    waiting = Waiting(GPU, stream.event)
    wait(waiting, 0.01)  # the device was busy all along: its clock between the two events stood still
    assert waiting.settle(passed=1.0) == 0.0
    waiting.asked()
    stream.now += 0.004
    time.sleep(0.01)
    waiting.came()
    assert waiting.settle(passed=1.0) == pytest.approx(0.004)


def test_on_a_gpu_no_more_counts_than_this_process_waited():
    stream = Stream()
    waiting = Waiting(GPU, stream.event)
    waiting.asked()
    stream.now += 5.0  # launches that came late, say
    time.sleep(0.01)
    waiting.came()
    assert 0.01 <= waiting.settle(passed=1.0) < 1.0
