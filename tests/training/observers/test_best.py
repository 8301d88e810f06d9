"""Tests of burnish.training.observers.best."""

import math

import pytest
import torch

from burnish.common.errors import CheckpointError, InputError
from burnish.training.checkpoint import list_checkpoints
from burnish.training.observers.best import Best

NAN, INF = math.nan, math.inf


def fit(engine, folder, patience=None) -> tuple[Best, dict[int, torch.Tensor]]:
    """Train with the observer; returns it and the weights after every epoch, by step."""
    best, weights = Best(folder, patience), {}
    engine.attach(best)
    engine.events.on("epoch", lambda engine: weights.update({engine.step: engine.module.weight.detach().clone()}))
    engine.fit()
    return best, weights


@pytest.mark.parametrize(
    ("values", "direction", "step", "value"),
    [
        ([0.5, 0.7, 0.6, 0.7], "max", 6, 0.7),  # an equal value is no progress
        ([0.5, 0.7, 0.6, 0.8], "max", 12, 0.8),
        ([0.5, 0.4, 0.3, 0.2], "max", 3, 0.5),
        ([0.5, 0.7, 0.4, 0.6], "min", 9, 0.4),
        ([NAN, 0.7, NAN, 0.6], "max", 6, 0.7),
        ([NAN, NAN, 0.9, NAN], "min", 9, 0.9),
        ([INF, 5.0, INF, 6.0], "min", 6, 5.0),
        ([-0.5, -0.7, -0.6, -0.9], "max", 3, -0.5),
    ],
)
def test_the_weights_of_the_best_epoch_are_kept_and_restored(make_engine, tmp_path, values, direction, step, value):
    engine = make_engine(values, ("score", direction))
    best, weights = fit(engine, tmp_path)
    assert best.value == value
    assert [path.name for path in list_checkpoints(tmp_path, "best")] == [f"best-{step:010d}"]
    assert best.restore(engine) == step
    assert torch.equal(engine.module.weight, weights[step])


@pytest.mark.parametrize(
    ("values", "patience", "epochs"),
    [
        ([0.5, 0.4, 0.3, 0.6, 0.7], 2, 3),
        ([0.5, 0.4, 0.6, 0.5, 0.7], 2, 5),
        ([0.5, 0.5, 0.5, 0.5, 0.5], 1, 2),
        ([NAN, NAN, NAN, 0.5, 0.6], 3, 3),
        ([0.5, NAN, NAN, 0.5, 0.6], 3, 4),
    ],
)
def test_training_stops_after_so_many_epochs_without_progress(make_engine, tmp_path, values, patience, epochs):
    engine = make_engine(values, epochs=5)
    fit(engine, tmp_path, patience)
    assert engine.epoch == epochs
    expected = None if epochs == 5 else f"no progress on accuracy for {patience} epochs"
    assert engine.stop_requested == expected


def test_without_patience_it_never_stops(make_engine, tmp_path):
    engine = make_engine([0.5, 0.4, 0.3, 0.2])
    fit(engine, tmp_path)
    assert engine.epoch == 4


def test_a_run_that_never_scored_a_number_has_no_best(make_engine, tmp_path):
    engine = make_engine([NAN] * 4)
    best, _ = fit(engine, tmp_path)
    assert best.value is None
    with pytest.raises(CheckpointError, match="there is no checkpoint in"):
        best.restore(engine)


def test_without_validation_there_is_nothing_to_compare(make_engine, tmp_path):
    engine = make_engine(validated=False)
    best, _ = fit(engine, tmp_path)
    assert (best.value, best.waited) == (None, 0)


def test_averaged_weights_are_what_is_kept(make_engine, tmp_path):
    engine = make_engine([0.5, 0.4, 0.3, 0.2], ema=0.9)
    kept = {}
    engine.events.on("validated", lambda engine: kept.setdefault("weight", engine.result_state()["weight"].clone()))
    best, weights = fit(engine, tmp_path)
    best.restore(engine)
    assert torch.equal(engine.module.weight, kept["weight"])
    assert not torch.equal(engine.module.weight, weights[3])


def test_patience_goes_on_counting_after_a_resume(make_engine, tmp_path):
    values = [0.5, 0.4, 0.3, 0.2, 0.1]
    whole = make_engine(values, epochs=5)
    fit(whole, tmp_path / "whole", patience=3)

    first = make_engine(values, epochs=5)
    best, saved = Best(tmp_path / "cut", 3), {}
    first.attach(best)
    first.events.on("epoch", lambda engine: saved.setdefault(engine.epoch, engine.state_dict()))
    first.events.on("step", lambda engine: setattr(engine, "stop_requested", "killed"), once=8)
    first.fit()

    second = make_engine(values[2:], epochs=5)
    second.attach(Best(tmp_path / "cut", 3))
    second.load_state_dict(saved[2])
    second.fit()
    assert (second.epoch, second.stop_requested) == (whole.epoch, whole.stop_requested)


def test_a_run_whose_patience_had_run_out_does_not_go_on(make_engine, tmp_path):
    first = make_engine([0.5, 0.4, 0.3], epochs=9)
    best, _ = fit(first, tmp_path, patience=2)
    assert first.epoch == 3
    second = make_engine([], epochs=9)
    again = Best(tmp_path, patience=2)
    second.attach(again)
    second.load_state_dict(first.state_dict())
    second.fit()
    assert second.step == first.step
    assert second.stop_requested == "no progress on accuracy for 2 epochs"
    assert (again.value, again.waited) == (best.value, best.waited)


def test_a_watched_metric_that_is_not_there_is_named(make_engine, tmp_path):
    engine = make_engine([0.5])
    engine.task.watched = ("recall", "max")
    engine.task.evaluate = lambda *_: type(engine.task).__mro__[1].evaluate(engine.task, *_)
    with pytest.raises(InputError, match="task 'classification' watches 'recall', but its evaluation holds"):
        fit(engine, tmp_path)
