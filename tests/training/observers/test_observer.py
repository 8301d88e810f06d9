"""Tests of burnish.training.observers.observer."""

import pytest

from burnish.common.errors import InputError
from burnish.training.observers.best import Best
from burnish.training.observers.checkpointer import Checkpointer
from burnish.training.observers.interrupt import Interrupt
from burnish.training.observers.observer import Observer, Stateless
from burnish.training.observers.progress import Progress


class Counter(Stateless):
    """A user's own observer."""

    name = "counter"

    def __init__(self):
        self.rows = []
        self.epochs = 0

    def subscribe(self, engine):
        engine.events.on("epoch", self.count)
        engine.row_readers.append(self.rows.append)

    def count(self, engine):
        self.epochs += 1


def test_a_class_of_the_users_own_observes(make_engine):
    engine, counter = make_engine(), Counter()
    engine.attach(counter)
    engine.fit()
    assert counter.epochs == 4
    assert {row["event"] for row in counter.rows} == {"train", "validation"}
    assert engine.state_dict()["observers"]["counter"] == {}


def test_everything_that_ships_is_an_observer(tmp_path):
    shipped = [Best(tmp_path), Checkpointer(tmp_path), Interrupt(), Progress()]
    assert all(isinstance(observer, Observer) for observer in shipped)
    assert len({observer.name for observer in shipped}) == len(shipped)


def test_what_lacks_a_method_is_refused(make_engine):
    with pytest.raises(InputError, match="an observer has name, subscribe, state_dict and load_state_dict; list lacks"):
        make_engine().attach([])
