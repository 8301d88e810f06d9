import copy
import itertools

import pytest
import torch
from tests.pruning.weights.networks import mlp, same, zeros
from tests.training.conftest import make_engine  # noqa: F401 - a fixture
from tests.training.toy import network
from torch import nn

from burnish.common.errors import InputError
from burnish.pruning.weights.gradual import GradualSparsity, gradual_sparsity
from burnish.pruning.weights.mask import bake_
from burnish.pruning.weights.sparsify import sparsify_
from burnish.pruning.weights.sparsity import measure_sparsity


def test_sparsity_rises_by_the_cube_and_stays():
    due = [gradual_sparsity(step, 0.9, begin=10, every=5, times=4, initial=0.1) for step in range(60)]
    assert due[:10] == [0.0] * 10
    for k in range(5):
        expected = 0.9 + (0.1 - 0.9) * (1 - k / 4) ** 3
        assert due[10 + 5 * k : 15 + 5 * k] == pytest.approx([expected] * 5)
    assert due[30:] == pytest.approx([0.9] * 30)
    assert all(later >= sooner for sooner, later in itertools.pairwise(due))


def trained(make_engine, stop_at=None, resume=None, **options):  # noqa: F811
    model = network()
    observer = GradualSparsity(model, 0.8, begin=0.1, times=4, end=0.7)
    engine = make_engine(model, **options)
    rows, seen = [], {}
    engine.row_readers.append(lambda row: rows.append(row) if row["event"] == "sparsity" else None)
    engine.attach(observer)
    engine.events.on("step", lambda engine: seen.update({engine.step: zeros(model)}))
    if resume is not None:
        engine.load_state_dict(resume)
    if stop_at is not None:
        engine.events.on("step", lambda engine: setattr(engine, "stop_requested", "test"), once=stop_at)
    engine.fit()
    return engine, rows, seen


@pytest.mark.parametrize(("optimizer", "rate"), [("adamw", 0.01), ("momentum", 0.1)])
def test_the_engine_removes_more_and_more_and_the_rest_learns(make_engine, optimizer, rate):  # noqa: F811
    engine, rows, seen = trained(
        make_engine, optimizer=optimizer, epochs=10, learning_rate=rate, weight_decay=0.01, ema=0.9
    )
    assert [row["step"] for row in rows] == [15, 24, 33, 42]
    expected = [0.8 - 0.8 * (1 - k / 4) ** 3 for k in range(1, 5)]
    assert [row["sparsity"] for row in rows] == pytest.approx(expected, abs=1 / 144)
    for step in range(2, engine.step + 1):
        assert all(bool((seen[step][name] | ~seen[step - 1][name]).all()) for name in seen[step])
    assert measure_sparsity(engine.module).sparsity == pytest.approx(0.8, abs=1 / 144)
    engine.adopt_average()
    bake_(engine.module)
    assert measure_sparsity(engine.module).sparsity == pytest.approx(0.8, abs=1 / 144)
    assert list(engine.module.state_dict()) == list(network().state_dict())
    assert engine.last_evaluation.metrics["accuracy"].value > 0.6


@pytest.mark.parametrize("stop_at", [3, 8])
def test_a_run_that_was_stopped_ends_with_the_same_bits(make_engine, stop_at):  # noqa: F811
    whole, _, _ = trained(make_engine, ema=0.9)
    first, _, _ = trained(make_engine, stop_at=stop_at, ema=0.9)
    state = copy.deepcopy(first.state_dict())
    again, _, _ = trained(make_engine, resume=state, ema=0.9)
    mine, theirs = again.module.state_dict(), whole.module.state_dict()
    assert all(torch.equal(mine[name], theirs[name]) for name in theirs)
    assert again.step == whole.step


def test_a_model_pruned_once_trains_in_the_engine_with_its_zeros(make_engine):  # noqa: F811
    model = network()
    sparsify_(model, 0.5, least_per_output=1)
    before = zeros(model)
    engine = make_engine(
        model,
        optimizer="momentum",
        weight_decay=1e-3,
        max_norm=3.0,
        epochs=10,
        learning_rate=0.1,
        l1=1e-4,
        clip_norm=1.0,
        ema=0.9,
    )
    first = engine.evaluate(engine.validation).metrics["loss"].value
    engine.fit()
    assert same(zeros(model), before)
    engine.adopt_average()
    assert same(zeros(model), before)
    assert engine.last_evaluation.metrics["loss"].value < 0.8 * first


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"final": 1.0}, r"final sparsity must lie in \(0, 1\), got 1.0"),
        ({"begin": 0.8}, "shares of training with 0 <= begin < end <= 1, got 0.8 and 0.75"),
        ({"times": 0}, "times must be at least 1, got 0"),
        ({"criterion": "taylor"}, "criterion 'taylor' needs data at every rise"),
        ({"final": 0.95}, "least_per_output=1 keeps 19 of all weights"),
        ({"ignore": ["x"]}, "ignore names 'x', which Sequential does not have"),
    ],
)
def test_what_cannot_be_is_said_before_training(options, line):
    model = mlp()
    with pytest.raises(InputError, match=line):
        GradualSparsity(model, **({"final": 0.8} | options))
    assert type(model[0]) is nn.Linear


def test_too_few_steps_and_another_model_are_refused(make_engine):  # noqa: F811
    model = network()
    with pytest.raises(InputError, match=r"20 removals do not fit into the 13 steps between 0.0 and 0.75 of 18"):
        make_engine(model).attach(GradualSparsity(model, 0.8))
    with pytest.raises(InputError, match="the engine trains another model"):
        make_engine(network()).attach(GradualSparsity(model, 0.8, times=3))


def test_sharded_weights_are_refused(make_engine, monkeypatch):  # noqa: F811
    model = network()
    monkeypatch.setattr("burnish.pruning.weights.gradual.mesh_of", lambda module: object())
    with pytest.raises(InputError, match="no process sees all weights when they are sharded: use --parallel ddp"):
        make_engine(model).attach(GradualSparsity(model, 0.8, times=3))
