"""Tests of burnish.verbs.pruning.module."""

import json

import pytest
import torch
from torch import nn

import burnish
from burnish.common.errors import InputError


def zeros(model):
    weights = [p for p in model.parameters() if p.ndim > 1]
    return sum(int((p == 0).sum()) for p in weights) / sum(p.numel() for p in weights)


def test_a_plain_module_gives_a_module_and_a_report():
    net = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 2)).train()
    tuned = []
    found = burnish.prune(net, torch.zeros(4, 8), criterion="l1", ratio=0.5, finetune=tuned.append)
    assert found.model[0].out_features == 16
    assert found.model.training
    assert tuned == [found.model]
    assert found.report["after"]["parameters"] < found.report["before"]["parameters"]
    assert net[0].out_features == 32
    sparse = burnish.prune(net, torch.zeros(4, 8), level="weight", sparsity=0.5)
    assert zeros(sparse.model) == 0.5
    json.dumps(found.report)


def test_a_module_needs_an_example_and_weights():
    with pytest.raises(InputError, match="pruning a module needs an example of its input"):
        burnish.prune(nn.Linear(2, 2), ratio=0.5)
    with torch.device("meta"):
        net = nn.Sequential(nn.Linear(8, 32), nn.Linear(32, 2))
    with pytest.raises(InputError, match="the model is on the meta device and has no weights to choose from"):
        burnish.prune(net, torch.zeros(1, 8), ratio=0.5)
    with pytest.raises(InputError, match="criterion 'taylor' looks at the loss on data"):
        burnish.prune(
            nn.Sequential(nn.Linear(8, 32), nn.Linear(32, 2)), torch.zeros(1, 8), ratio=0.5, criterion="taylor"
        )
