"""Tests of burnish.defences.adversarial.watch."""

import pytest
import torch

from burnish.common.errors import InputError
from burnish.common.intervals import proportion
from burnish.data import load
from burnish.data.loaders.loader import evaluation_loader, make_loader
from burnish.defences import AdversarialTraining, CollapseWatch, HardeningOptions
from burnish.models import for_data
from burnish.tasks import Classification
from burnish.tasks.evaluation import Evaluation
from burnish.training.defaults import resolve_options
from burnish.training.engine import Engine
from burnish.training.observers.best import Best
from burnish.training.options import TrainingOptions


class Scripted(AdversarialTraining):
    """Its robust accuracy after every epoch is written down beforehand."""

    values: list = []

    def evaluate(self, model, batches, confidence=0.95):
        value = self.values.pop(0)
        return Evaluation({"robust_accuracy": proportion(round(100 * value), 100, confidence)})


def trained(values, folder, method="fast", **options):
    data = load("digits")
    task = Scripted(data.schema, HardeningOptions(with_=method, eps=0.1, attack_steps=None))
    task.values = list(values)
    settings = resolve_options(
        TrainingOptions(epochs=len(values), precision="fp32", **options), data.schema, task.name, len(data.train)
    )
    torch.manual_seed(0)
    engine = Engine(
        for_data("logistic-regression", data.schema),
        task,
        make_loader(data.train, 256, shuffle=True, seed=0),
        settings,
        validation=evaluation_loader(data.validation),
    )
    watch, rows, weights = CollapseWatch(folder), [], {}
    engine.row_readers.append(rows.append)
    engine.attach(watch)
    engine.attach(Best(folder))
    engine.events.on("epoch", lambda e: weights.update({e.epoch: e.module.model.linear.weight.detach().clone()}))
    engine.fit()
    return watch, task, rows, weights, engine


def test_a_collapse_brings_back_the_best_weights_and_stronger_attacks(tmp_path):
    watch, task, rows, weights, _ = trained([0.5, 0.6, 0.1], tmp_path)
    assert torch.equal(weights[3], weights[2])
    assert task.options.with_ == "pgd"
    (row,) = [row for row in rows if row["event"] == "rollback"]
    assert (row["from"], row["to"], row["method"]) == (0.6, 0.1, "fast")
    (note,) = watch.notes
    assert note.startswith("robust accuracy fell from 60.0% to 10.0% at step")
    assert note.endswith("were put back, and attacks were made with pgd from then on")


def test_training_goes_on_from_the_weights_that_were_put_back(tmp_path):
    watch, _, _, weights, engine = trained([0.6, 0.1, 0.65], tmp_path, ema=0.9)
    assert len(watch.rollbacks) == 1
    assert watch.best == 0.65
    assert engine.average.updates == engine.steps_per_epoch
    assert not torch.equal(weights[3], weights[2])


@pytest.mark.parametrize("values", [[0.5, 0.4, 0.3], [0.1, 0.3, 0.2]])
def test_a_wobble_is_left_alone(tmp_path, values):
    watch, task, rows, _, _ = trained(values, tmp_path)
    assert watch.rollbacks == []
    assert watch.notes == []
    assert task.options.with_ == "fast"
    assert "rollback" not in {row["event"] for row in rows}


def test_pgd_that_collapses_stays_pgd(tmp_path):
    watch, task, _, _, _ = trained([0.5, 0.1], tmp_path, method="pgd")
    assert task.options.with_ == "pgd"
    assert watch.notes[0].endswith("the weights of the best epoch were put back")


def test_a_resumed_watch_remembers_and_attacks_as_before(tmp_path):
    watch, _, _, _, _ = trained([0.6, 0.1], tmp_path)
    _, task, _, _, engine = trained([0.6], tmp_path / "other")
    again = CollapseWatch(tmp_path)
    again.subscribe(engine)
    again.load_state_dict(watch.state_dict())
    assert again.rollbacks == watch.rollbacks
    assert again.best == 0.6
    assert task.options.with_ == "pgd"


def test_other_tasks_cannot_collapse(tmp_path):
    data = load("digits")
    settings = resolve_options(TrainingOptions(), data.schema, "classification", len(data.train))
    train = make_loader(data.train, 64, shuffle=True, seed=0)
    engine = Engine(for_data("perceptron", data.schema), Classification(data.schema), train, settings)
    with pytest.raises(InputError, match="a collapse is one of adversarial training, the task here is classification"):
        engine.attach(CollapseWatch(tmp_path))
