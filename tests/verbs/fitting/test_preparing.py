"""Tests of burnish.verbs.fitting.preparing."""

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.verbs.fit import Fit
from burnish.verbs.fitting.preparing import prepare, try_forward


def test_model_and_task_are_chosen_from_the_data():
    assert prepare(Fit(data="iris"), None, None).task.name == "classification"
    assert prepare(Fit(data="diabetes"), None, None).task.name == "regression"
    assert (
        prepare(Fit(data="digits"), None, None).model_record["name"]
        != prepare(Fit(data="iris"), None, None).model_record["name"]
    )


def test_the_model_s_own_task_wins_over_the_data_s():
    assert prepare(Fit(data="iris", model="perceptron"), None, None).task.name == "perceptron"
    assert (
        prepare(Fit(data="iris", model="perceptron", task="classification"), None, None).task.name == "classification"
    )


def test_label_smoothing_where_it_means_nothing_is_refused():
    with pytest.raises(InputError, match="label_smoothing belongs to classification, the task here is regression"):
        prepare(Fit(data="diabetes", label_smoothing=0.1), None, None)


def test_the_training_statistics_become_the_first_layer():
    prepared = prepare(Fit(data="wine", model="logistic-regression"), None, None)
    inputs, _ = prepared.data.train.gather(torch.arange(len(prepared.data.train)))
    seen = prepared.model.input(inputs)
    assert torch.allclose(seen.mean(dim=0), torch.zeros(13), atol=1e-4)
    assert torch.allclose(seen.std(dim=0, correction=0), torch.ones(13), atol=1e-3)


def test_a_model_that_is_no_module_is_named():
    with pytest.raises(InputError, match=r"model must be a name or a torch\.nn\.Module, got dict"):
        prepare(Fit(data="iris"), None, {})


def test_trying_a_model_changes_nothing():
    prepared = prepare(Fit(data="digits", model="resnet20"), None, None)
    before = {name: tensor.clone() for name, tensor in prepared.model.state_dict().items()}
    random = torch.get_rng_state()
    prepared.model.train()
    try_forward(prepared.model, prepared.task, prepared.data)
    assert prepared.model.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in prepared.model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), random)


def test_a_model_of_the_wrong_shape_is_told_with_both_shapes():
    prepared = prepare(Fit(data="iris", model="mlp"), None, None)
    with pytest.raises(InputError, match=r"Linear cannot be trained on iris: inputs of shape \(2, 4\)"):
        try_forward(nn.Linear(3, 3), prepared.task, prepared.data)
