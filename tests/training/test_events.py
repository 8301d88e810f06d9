"""Tests of burnish.training.events."""

from types import SimpleNamespace

import pytest

from burnish.common.errors import InputError
from burnish.training import events as module
from burnish.training.events import Events


@pytest.fixture
def clock(monkeypatch):
    """Time that moves when it is told to."""
    now = SimpleNamespace(seconds=100.0)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now.seconds))
    return now


def play(events: Events, steps: range) -> None:
    """What the engine does: look only when a step or a time is due."""
    events.schedule(steps.start - 1)
    for step in steps:
        if step >= events.next_step or module.time.monotonic() >= events.next_time:
            events.fire_step(SimpleNamespace(step=step))


def heard_by(events: Events, **when) -> list[int]:
    heard: list[int] = []
    events.on("step", lambda engine: heard.append(engine.step), **when)
    return heard


def test_without_a_word_about_when_every_step_is_told():
    events = Events()
    heard = heard_by(events)
    play(events, range(1, 4))
    assert heard == [1, 2, 3]


@pytest.mark.parametrize(("start", "expected"), [(1, [3, 6, 9]), (4, [6, 9]), (6, [6, 9]), (7, [9])])
def test_every_means_the_multiples_also_after_a_resume(start, expected):
    events = Events()
    heard = heard_by(events, every=3)
    play(events, range(start, 11))
    assert heard == expected


@pytest.mark.parametrize(("start", "expected"), [(1, [5]), (5, [5]), (6, [])])
def test_once_means_once_and_not_again_after_a_resume(start, expected):
    events = Events()
    heard = heard_by(events, once=5)
    play(events, range(start, 11))
    assert heard == expected


def test_seconds_are_counted_from_call_to_call(clock):
    events, heard = Events(), []

    def call(engine):
        heard.append((engine.step, clock.seconds))

    events.on("step", call, seconds=2.0)
    events.schedule(0)
    for step in range(1, 9):
        clock.seconds += 0.9
        if clock.seconds >= events.next_time:
            events.fire_step(SimpleNamespace(step=step))
    assert [step for step, _ in heard] == [3, 6]


def test_several_callers_are_called_in_the_order_they_came():
    events, heard = Events(), []
    for name, every in (("a", 2), ("b", 1), ("c", 4)):
        events.on("step", lambda engine, name=name: heard.append(f"{name}{engine.step}"), every=every)
    play(events, range(1, 5))
    assert heard == ["b1", "a2", "b2", "b3", "a4", "b4", "c4"]


def test_nothing_is_due_where_nobody_subscribed(clock):
    events = Events()
    events.on("epoch", lambda engine: None)
    events.schedule(0)
    assert events.next_step == events.next_time == float("inf")


def test_the_next_look_is_at_the_nearest_step():
    events = Events()
    heard_by(events, every=10)
    heard_by(events, once=7)
    events.schedule(0)
    assert events.next_step == 7
    events.fire_step(SimpleNamespace(step=7))
    assert events.next_step == 10


def test_a_call_is_planned_before_it_runs_so_that_a_checkpoint_inside_knows_what_follows():
    events, planned = Events(), []
    own = events.on("step", lambda engine: planned.append(own.due_step), every=4)
    play(events, range(1, 9))
    assert planned == [8, 12]


def test_a_call_may_plan_its_own_next_step():
    events, heard = Events(), []

    def call(engine):
        heard.append(engine.step)
        own.due_step = engine.step * 2

    own = events.on("step", call, every=1)
    play(events, range(1, 20))
    assert heard == [1, 2, 4, 8, 16]


@pytest.mark.parametrize("event", ["start", "validated", "epoch", "end", "close"])
def test_other_events_call_everyone_who_waits_for_them_alone(event):
    events, heard = Events(), []
    for name in ("start", "validated", "epoch", "end", "close"):
        events.on(name, lambda engine, name=name: heard.append((name, engine)))
    events.fire(event, "engine")
    assert heard == [(event, "engine")]


@pytest.mark.parametrize("when", [{"every": 0}, {"once": -1}, {"seconds": 0.0}, {"seconds": float("nan")}])
def test_a_count_that_is_not_positive_is_named(when):
    ((name, value),) = when.items()
    with pytest.raises(InputError, match=f"{name} must be positive, got {value}"):
        Events().on("step", print, **when)


def test_counts_belong_to_steps():
    with pytest.raises(InputError, match="every applies to event 'step' alone, got event 'epoch'"):
        Events().on("epoch", print, every=2)


def test_once_goes_alone():
    with pytest.raises(InputError, match="once goes alone: subscribe a second time for every or seconds"):
        Events().on("step", print, once=2, every=2)


def test_an_unknown_event_is_named_with_a_hint():
    with pytest.raises(InputError, match=r"unknown event 'epochs' \(did you mean 'epoch'\?\)"):
        Events().on("epochs", print)
