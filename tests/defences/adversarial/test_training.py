"""Tests of burnish.defences.adversarial.training."""

import copy
from dataclasses import replace

import pytest
import torch
from tests.attacks.trained import digits_network
from torch import nn

from burnish.attacks import PGD
from burnish.common.errors import InputError
from burnish.data import load
from burnish.data.batch import Batch
from burnish.data.loaders.loader import evaluation_loader, make_loader
from burnish.data.schema import Schema
from burnish.defences import AdversarialTraining, HardeningOptions
from burnish.defences.adversarial.training import Pair
from burnish.models import for_data
from burnish.tasks import Classification
from burnish.training.defaults import resolve_options
from burnish.training.engine import Engine
from burnish.training.options import TrainingOptions

EPS = 0.1


def engine_of(task, model, epochs=1, **options):
    data = load("digits")
    settings = resolve_options(
        TrainingOptions(epochs=epochs, precision="fp32", **options), data.schema, task.name, len(data.train)
    )
    train = make_loader(data.train, settings.batch_size, shuffle=True, seed=0)
    return Engine(model, task, train, settings)


def task_of(method, **options):
    return AdversarialTraining(load("digits").schema, HardeningOptions(with_=method, eps=EPS, **options))


def a_batch(count=32):
    trained = digits_network()
    return Batch(trained.images[:count], trained.labels[:count], torch.arange(count))


def seen_inputs(task, model, batch, epoch_step=0):
    """What the training forward of one step is given."""
    engine = engine_of(task, model)
    engine.step = epoch_step
    return task._inputs(engine, batch)


@pytest.mark.parametrize("method", ["fast", "pgd", "gradient"])
def test_the_step_learns_from_samples_that_fool_the_model_more_and_stay_within_eps(method):
    task, model, batch = (
        task_of(method, **({"scale": 100.0} if method == "gradient" else {})),
        digits_network().model,
        a_batch(),
    )
    model = copy.deepcopy(model)
    attacked = seen_inputs(task, model, batch)
    assert (attacked - batch.inputs).abs().max() <= EPS + 1e-6
    assert attacked.min() >= 0
    assert attacked.max() <= 1
    with torch.no_grad():
        clean, hard = (task.loss(model(inputs), batch).mean() for inputs in (batch.inputs, attacked))
    assert hard > 1.5 * clean


def test_trades_sees_both_and_adds_beta_times_the_divergence():
    task, model, batch = task_of("trades", beta=3.0), copy.deepcopy(digits_network().model), a_batch()
    pair = seen_inputs(task, model, batch)
    assert isinstance(pair, Pair)
    assert torch.equal(pair.clean, batch.inputs)
    assert 0 < (pair.attacked - pair.clean).abs().max() <= EPS + 1e-6
    output = task.forward(model, replace(batch, inputs=pair))
    clean, attacked = output.clean.softmax(1), output.attacked.softmax(1)
    divergence = (clean * (clean.log() - attacked.log())).sum(1).mean()
    expected = nn.functional.cross_entropy(output.clean, batch.targets) + 3.0 * divergence
    assert task.mean_loss(output, batch).item() == pytest.approx(expected.item(), rel=1e-5)
    assert torch.equal(task.loss(output, batch), Classification.loss(task, output.attacked, batch))


def test_modes_and_gradients_are_those_of_training_after_the_attack():
    task, model, batch = task_of("pgd"), copy.deepcopy(digits_network().model).train(), a_batch()
    model[1].eval()
    statistics = model[1].running_mean.clone()
    seen_inputs(task, model, batch)
    assert [module.training for module in model] == [True, False, True, True, True, True, True]
    assert all(parameter.grad is None for parameter in model.parameters())
    assert torch.equal(model[1].running_mean, statistics)


def test_random_starts_differ_from_step_to_step_and_come_back_for_the_same_step():
    task, model, batch = task_of("fast"), copy.deepcopy(digits_network().model), a_batch()
    first, again, later = (seen_inputs(task, model, batch, step) for step in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, later)


def test_eps_grows_over_the_warm_up():
    task, model, batch = task_of("pgd", eps_warmup=1.0), copy.deepcopy(digits_network().model), a_batch()
    steps = engine_of(task, model).steps_per_epoch
    reach = [
        (seen_inputs(task, model, batch, step) - batch.inputs).abs().max().item() for step in (0, steps // 2, steps)
    ]
    assert reach[0] == 0
    assert reach[1] == pytest.approx(EPS * (steps // 2) / steps, rel=1e-3)
    assert reach[2] == pytest.approx(EPS, rel=1e-3)


@pytest.mark.parametrize("method", ["fast", "pgd", "trades"])
def test_training_makes_a_model_that_withstands_what_fools_an_ordinary_one(method):
    data, trained = load("digits"), digits_network()
    torch.manual_seed(0)
    model = for_data("mlp", data.schema)
    engine_of(task_of(method), model, epochs=8).fit()
    model.eval()

    def withstands(model):
        return PGD(model, eps=EPS, steps=20).run(trained.images, trained.labels).robust_accuracy().value

    ordinary = for_data("mlp", data.schema)
    engine_of(Classification(data.schema), ordinary, epochs=8).fit()
    assert withstands(model) > withstands(ordinary.eval()) + 0.15


def test_an_evaluation_tells_accuracy_against_pgd_beside_the_rest():
    task, trained, data = task_of("pgd", robust_samples=100), digits_network(), load("digits")
    found = task.evaluate(trained.model, evaluation_loader(data.test, batch_size=64))
    ordinary = Classification(data.schema).evaluate(trained.model, evaluation_loader(data.test))
    assert found.metrics["accuracy"] == ordinary.metrics["accuracy"]
    robust = found.metrics["robust_accuracy"]
    assert robust.count == 100
    expected = PGD(trained.model, eps=EPS).run(*data.test.gather(torch.arange(100))).robust_accuracy().value
    assert robust.value == pytest.approx(expected, abs=0.03)  # random starts differ with the size of the batch
    assert robust.value < found.metrics["accuracy"].value - 0.1
    assert task.watched == ("robust_accuracy", "max")


def test_only_images_can_be_hardened_so_far():
    table = Schema("table", "classification", (3,), classes=("a", "b"))
    with pytest.raises(InputError, match=r"adversarial training needs images in \[0, 1\], these are table data"):
        AdversarialTraining(table, HardeningOptions(eps=0.1))


def test_a_radius_in_units_of_0_to_255_is_asked_back():
    with pytest.raises(InputError, match=r"eps 8 .linf. is larger than the whole space, 1: .* write 8/255"):
        AdversarialTraining(load("digits").schema, HardeningOptions(eps=8.0))
