"""Tests of burnish.attacks.black_box.substitute_training."""

import pytest
import torch
from torch import nn

from burnish.attacks.black_box.substitute_training import train_substitute_
from burnish.common.errors import InputError

OPTIONS = {"epochs": 60, "learning_rate": 0.02, "batch_size": 16}


def rows():
    inputs = torch.randn(65, 2, generator=torch.Generator().manual_seed(0))
    return inputs, (inputs[:, 0] * inputs[:, 1] > 0).long()


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 2))


def test_the_answers_are_learnt_and_the_loss_is_told():
    model, (inputs, labels) = network(), rows()
    with torch.no_grad():  # it learns where gradients are switched off
        loss = train_substitute_(model, inputs, labels, **OPTIONS, generator=torch.Generator().manual_seed(0))
    assert (model(inputs).argmax(1) == labels).float().mean() > 0.9
    assert 0 < loss < 0.35  # chance is 0.69
    assert not any(module.training for module in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_the_order_comes_from_the_generator_alone():
    inputs, labels = rows()
    weights = []
    for seed, noise in ((0, 1), (0, 2), (1, 1)):
        model = network()
        torch.manual_seed(noise)
        train_substitute_(model, inputs, labels, **OPTIONS, generator=torch.Generator().manual_seed(seed))
        weights.append(model[0].weight.detach())
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_a_loss_that_is_no_number_is_told():
    inputs, labels = rows()
    with pytest.raises(InputError, match="the loss of the substitute became nan: try a learning_rate below"):
        train_substitute_(network(), inputs * torch.inf, labels, **OPTIONS, generator=torch.Generator())
