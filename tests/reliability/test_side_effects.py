"""What a fit leaves behind in the process that called it: nothing but the run."""

import copy
import random
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import burnish
from burnish.common.errors import InputError
from burnish.data import load
from burnish.data.source import Subset

from .conftest import rows


def table(count=60):
    inputs = torch.randn(count, 3, generator=torch.Generator().manual_seed(0))
    return inputs, (inputs.sum(dim=1) > 0).long()


def network():
    return nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.Dropout(0.3), nn.ReLU(), nn.Linear(8, 2))


def fit(tmp_path, data=None, model="mlp", **options):
    settings = {"epochs": 2, "batch_size": 16, "out": tmp_path, "quiet": True} | options
    return burnish.fit(data if data is not None else table(), model=model, **settings)


def weights(run):
    return run.model.state_dict()


def equal(first, second):
    return all(torch.equal(tensor, second[name]) for name, tensor in first.items())


def surroundings():
    kind, keys, *rest = np.random.get_state()
    return {
        "torch": torch.get_rng_state().tolist(),
        "numpy": (kind, keys.tolist(), *rest),
        "python": random.getstate(),
        "threads": torch.get_num_threads(),
        "signals": [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)],
        "gradients": torch.is_grad_enabled(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "type": torch.get_default_dtype(),
    }


def test_the_process_is_as_before(tmp_path):
    before = surroundings()
    fit(tmp_path, threads=2, ema=0.9, early_stopping=1)
    assert surroundings() == before


def test_the_process_is_as_before_when_the_fit_fails(tmp_path):
    before = surroundings()
    with pytest.raises(InputError):
        fit(tmp_path, threads=2, batch_size=10_000)
    with pytest.raises(burnish.common.errors.NonFiniteLossError):
        fit(tmp_path, threads=2, optimizer="sgd", learning_rate=1e30, l2=1e30)
    assert surroundings() == before


def test_generators_of_the_caller_do_not_change_the_result(tmp_path):
    torch.manual_seed(1)
    first = fit(tmp_path, model_option={"dropout": 0.5})
    torch.manual_seed(2)
    random.seed(2)
    assert equal(weights(first), weights(fit(tmp_path, model_option={"dropout": 0.5})))


def test_what_is_frozen_stays_frozen(tmp_path):
    model = network()
    model[1].eval()
    model[0].requires_grad_(False)
    frozen = copy.deepcopy(model[:2].state_dict())
    free = copy.deepcopy(model[4].state_dict())
    modes = [module.training for module in model.modules()]
    run = fit(tmp_path, model=model)
    assert run.model is model
    assert [module.training for module in model.modules()] == modes
    assert equal(frozen | {"1.weight": model[1].weight, "1.bias": model[1].bias}, model[:2].state_dict())
    assert not equal(free, model[4].state_dict())
    assert [parameter.requires_grad for parameter in model.parameters()] == [False, False, True, True, True, True]


@pytest.mark.parametrize("model", ["mlp", "gan"])
def test_validation_changes_no_weight(model, tmp_path):
    data = load("points") if model == "gan" else load(table())
    data = replace(data, train=Subset(data.train, torch.arange(40)))
    options = {
        "epochs": 3,
        "model": model,
        "model_option": {"hidden": [8]} | ({} if model == "gan" else {"dropout": 0.5}),
    }
    watched = fit(tmp_path, replace(data, validation=Subset(data.validation, torch.arange(4))), **options)
    alone = fit(tmp_path, replace(data, validation=Subset(data.validation, torch.arange(0))), **options)
    assert {row["event"] for row in watched.history} == {"train", "validation"}
    assert {row["event"] for row in alone.history} == {"train"}
    assert equal(weights(watched), weights(alone))


@pytest.mark.parametrize("options", [{"log_every": 1}, {"checkpoint_steps": 1}, {"checkpoint_epochs": 2}])
def test_looking_changes_no_weight(options, tmp_path):
    settings = {"model_option": {"dropout": 0.5}, "ema": 0.9}
    assert equal(weights(fit(tmp_path, **settings)), weights(fit(tmp_path, **settings, **options)))


def test_a_batch_is_never_changed(tmp_path):
    inputs, targets = table()
    kept = inputs.clone(), targets.clone()
    fit(tmp_path, (inputs, targets))
    assert torch.equal(inputs, kept[0])
    assert torch.equal(targets, kept[1])


def test_rows_of_two_fits_are_equal(tmp_path):
    first, second = (fit(tmp_path, model_option={"dropout": 0.5}, log_every=1) for _ in range(2))
    assert rows(first.path) == rows(second.path)
