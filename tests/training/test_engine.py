"""Tests of burnish.training.engine."""

import copy

import pytest
import torch
import torch.nn.functional as F
from tests.training.toy import SCHEMA, network, problem
from torch import nn

from burnish.common.errors import InputError, NonFiniteLossError
from burnish.data.loaders.loader import make_loader
from burnish.tasks import Classification


def weights(module):
    return {name: value.clone() for name, value in module.state_dict().items()}


def equal(first, second):
    return all(torch.equal(first[name], second[name]) for name in first) and first.keys() == second.keys()


def test_the_loop_is_the_hand_written_one(make_engine):
    engine = make_engine(optimizer="sgd", schedule="constant", learning_rate=0.1)
    model = copy.deepcopy(engine.module)
    engine.fit()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loader = make_loader(problem(), 16, shuffle=True, seed=0)
    for epoch in range(3):
        for batch in loader.batches(epoch):
            F.cross_entropy(model(batch.inputs), batch.targets).backward()
            optimizer.step()
            optimizer.zero_grad()
    assert engine.step == 18
    for name, value in model.state_dict().items():
        torch.testing.assert_close(engine.module.state_dict()[name], value, rtol=0, atol=1e-6)


def test_training_learns(make_engine):
    engine = make_engine(epochs=20)
    engine.fit()
    assert engine.last_evaluation.metrics["accuracy"].value > 0.9


@pytest.mark.parametrize("stop", [1, 5, 6, 7, 17, 18])
@pytest.mark.parametrize("extra", [{}, {"ema": 0.9, "schedule": "plateau"}, {"max_steps": 16}])
def test_a_resumed_run_ends_with_the_same_bits(make_engine, stop, extra):
    whole = make_engine(network(nn.Dropout(0.5)), **extra)
    torch.manual_seed(3)
    whole.fit()

    first = make_engine(network(nn.Dropout(0.5)), **extra)
    saved = {}

    def save(engine):
        saved.update(state=copy.deepcopy(engine.state_dict()), rng=torch.get_rng_state())

    first.events.on("step", save, once=min(stop, first.total_steps))
    torch.manual_seed(3)
    first.fit()

    second = make_engine(network(nn.Dropout(0.5)), **extra)
    second.load_state_dict(saved["state"])
    torch.set_rng_state(saved["rng"])
    second.fit()
    assert equal(weights(second.module), weights(whole.module))
    assert equal(second.result_state(), whole.result_state())
    assert second.last_evaluation.metrics == whole.last_evaluation.metrics


def test_reported_losses_of_a_resumed_run_are_the_same(make_engine):
    def rows(engine):
        kept = []
        engine.row_readers.append(lambda row: kept.append((row["event"], row["step"], row["loss"])))
        return kept

    whole = make_engine(log_every=4)
    expected = rows(whole)
    whole.fit()
    first, saved = make_engine(log_every=4), {}
    first.events.on("step", lambda engine: saved.update(copy.deepcopy(engine.state_dict())), once=6)
    first.fit()
    second = make_engine(log_every=4)
    found = rows(second)
    second.load_state_dict(saved)
    second.fit()
    assert found == [row for row in expected if row[1] > 6 or (row[1] == 6 and row[0] == "validation")] or (
        found == [row for row in expected if row[1] >= 6]
    )


def test_accumulating_micro_batches_changes_nothing(make_engine):
    one, four = make_engine(), make_engine(accumulate=4)
    one.fit()
    four.fit()
    for name, value in one.module.state_dict().items():
        torch.testing.assert_close(four.module.state_dict()[name], value, rtol=0, atol=1e-5)


def test_validation_does_not_change_training(make_engine):
    with_it, without = make_engine(network(nn.Dropout(0.3))), make_engine(network(nn.Dropout(0.3)), validation=False)
    for engine in (with_it, without):
        torch.manual_seed(7)
        engine.fit()
    assert equal(weights(with_it.module), weights(without.module))


def test_frozen_batchnorms_stay_frozen_and_modes_come_back(make_engine):
    model = network(nn.BatchNorm1d(16))
    model[1].eval()
    before = model[1].running_mean.clone()
    make_engine(model).fit()
    assert torch.equal(model[1].running_mean, before)
    assert model.training
    assert not model[1].training


def test_a_model_in_evaluation_mode_is_trained_and_comes_back_in_evaluation_mode(make_engine):
    model = network(nn.BatchNorm1d(16)).eval()
    make_engine(model).fit()
    assert model[1].num_batches_tracked == 18
    assert not any(module.training for module in model.modules())


def test_l2_penalty_is_part_of_the_loss(make_engine):
    plain = make_engine(optimizer="sgd", schedule="constant")
    decayed = make_engine(optimizer="sgd", schedule="constant", l2=0.5)
    penalised = network()
    plain.fit()
    decayed.fit()
    norm = sum(p.square().sum() for p in plain.module.parameters() if p.ndim > 1)
    assert sum(p.square().sum() for p in decayed.module.parameters() if p.ndim > 1) < norm
    optimizer = torch.optim.SGD(penalised.parameters(), lr=0.01)
    for epoch in range(3):
        for batch in make_loader(problem(), 16, shuffle=True, seed=0).batches(epoch):
            loss = F.cross_entropy(penalised(batch.inputs), batch.targets)
            loss = loss + 0.25 * (penalised[0].weight.square().sum() + penalised[2].weight.square().sum())
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
    torch.testing.assert_close(decayed.module[0].weight, penalised[0].weight, rtol=0, atol=1e-6)


def test_max_norm_holds_after_training(make_engine):
    engine = make_engine(max_norm=0.5, learning_rate=0.1)
    engine.fit()
    assert engine.module[0].weight.norm(dim=1).max() <= 0.5 + 1e-6


def test_the_schedule_reaches_the_optimizer(make_engine):
    engine, rates = make_engine(schedule="cosine", epochs=4, log_every=1), []
    engine.row_readers.append(lambda row: rates.append(row.get("learning_rate")))
    engine.fit()
    seen = [rate for rate in rates if rate is not None]
    assert seen[0] == pytest.approx(0.01)
    assert seen == sorted(seen, reverse=True)
    assert seen[-1] < 1e-4


def test_the_averaged_weights_are_what_is_scored_and_adopted(make_engine):
    engine = make_engine(ema=0.9)
    engine.fit()
    result, own = engine.result_state(), weights(engine.module)
    assert not torch.equal(result["0.weight"], own["0.weight"])
    engine.adopt_average()
    assert torch.equal(engine.module[0].weight, result["0.weight"])


def test_a_loss_that_explodes_is_located_by_step_and_layer(make_engine):
    class Bad(nn.Module):
        def forward(self, x):
            return x / 0 * 0

    model = nn.Sequential(nn.Linear(6, 16), Bad(), nn.Linear(16, 3))
    engine = make_engine(model)
    before = weights(model)
    with pytest.raises(
        NonFiniteLossError, match=r"NaN or infinite at step 1: it first appears in the output of layer '1'"
    ):
        engine.fit()
    assert equal(weights(model), before)  # no update was made of it


def test_a_rate_that_blows_up_names_the_weights_and_the_way_out(make_engine):
    engine = make_engine(optimizer="sgd", learning_rate=1e30, schedule="constant")
    with pytest.raises(NonFiniteLossError, match=r"at step \d+: .*Try a learning rate below 1e\+30"):
        engine.fit()


@pytest.mark.parametrize("optimizer", ["lbfgs", "newton-cg"])
def test_optimizers_with_a_closure_reach_a_lower_loss(make_engine, optimizer):
    engine = make_engine(nn.Linear(6, 3), optimizer=optimizer, batch_size=None, learning_rate=None, epochs=8, l2=0.01)
    losses = []
    engine.row_readers.append(lambda row: losses.append(row["loss"]) if row["event"] == "train" else None)
    engine.fit()
    assert engine.steps_per_epoch == 1
    assert losses[-1] < 0.5 * losses[0]


def test_a_model_without_parameters_is_refused(make_engine):
    with pytest.raises(InputError, match="ReLU has no trainable parameters: there is nothing to fit"):
        make_engine(nn.ReLU())


def test_an_observer_that_is_none_is_refused(make_engine):
    with pytest.raises(
        InputError, match="an observer has name, subscribe, state_dict and load_state_dict; object lacks"
    ):
        make_engine().attach(object())


def test_stopping_leaves_at_the_next_step(make_engine):
    engine = make_engine()
    engine.events.on("step", lambda e: setattr(e, "stop_requested", "enough"), once=4)
    engine.fit()
    assert engine.step == 4


def test_label_smoothing_changes_training_but_not_the_reported_loss():
    smooth, plain = Classification(SCHEMA, label_smoothing=0.2), Classification(SCHEMA)
    batch = next(iter(make_loader(problem(), 8, shuffle=False, seed=0)))
    output = torch.randn(8, 3, generator=torch.Generator().manual_seed(0))
    assert torch.equal(smooth.loss(output, batch), plain.loss(output, batch))
    expected = F.cross_entropy(output, batch.targets, label_smoothing=0.2)
    assert torch.equal(smooth.mean_loss(output, batch), expected)


def test_what_a_task_notes_is_reported_as_a_mean_beside_the_loss(make_engine):
    class Noting(Classification):
        def step(self, engine, batch):
            engine.note(even=torch.tensor(float(engine.step % 2 == 0)))
            return super().step(engine, batch)

    engine, rows = make_engine(task=Noting(SCHEMA), log_every=4), []
    engine.row_readers.append(lambda row: rows.append(row.get("even")) if row["event"] == "train" else None)
    engine.fit()
    assert rows[:2] == [0.5, 0.5]
