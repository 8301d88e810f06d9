"""Tests of burnish.training.observers.interrupt."""

import signal
import threading

import pytest

from burnish.common.errors import NonFiniteLossError
from burnish.training.observers.interrupt import REASON, Interrupt


@pytest.fixture(autouse=True)
def handlers():
    """What the signals did before, which every test has to leave so."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    yield before
    assert [signal.getsignal(number) for number in numbers] == before


def send(number):
    return lambda engine: signal.raise_signal(number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_after_the_step_and_not_within_it(make_engine, number):
    engine = make_engine()
    engine.attach(Interrupt())
    engine.events.on("step", send(number), once=4)
    engine.fit()
    assert engine.stop_requested == REASON
    assert (engine.step, engine.epoch) == (4, 1)


def test_a_second_signal_stops_at_once(make_engine):
    engine = make_engine()
    engine.attach(Interrupt())
    for _ in range(2):
        engine.events.on("step", send(signal.SIGINT), once=4)
    with pytest.raises(KeyboardInterrupt):
        engine.fit()


def test_without_a_signal_nothing_stops(make_engine):
    engine = make_engine()
    engine.attach(Interrupt())
    engine.fit()
    assert (engine.stop_requested, engine.step) == (None, 12)


def test_the_signals_are_given_back_after_an_error(make_engine):
    engine = make_engine()
    engine.attach(Interrupt())
    engine.events.on("step", lambda engine: engine.module.weight.data.fill_(float("nan")), once=2)
    with pytest.raises(NonFiniteLossError):
        engine.fit()


def test_nothing_is_taken_before_training_starts(make_engine, handlers):
    make_engine().attach(Interrupt())
    assert signal.getsignal(signal.SIGINT) is handlers[0]


def test_training_in_another_thread_leaves_signals_alone(make_engine, handlers):
    engine, seen = make_engine(), []
    engine.events.on("step", lambda engine: seen.append(signal.getsignal(signal.SIGINT)), once=2)

    def work():
        engine.attach(Interrupt())
        engine.fit()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(timeout=60)
    assert seen == [handlers[0]]
    assert engine.step == 12
