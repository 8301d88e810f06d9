"""Tests of burnish.models.stages."""

import torch
from torch import nn

from burnish.layers import Normalise
from burnish.models import WithInput, create
from burnish.models.stages import stages


def test_a_zoo_model_behind_its_input_layer_has_its_own_stages():
    model = WithInput(Normalise([0.5], [0.2]), create("resnet20", 4, 1, width=4))
    found = {stage.name: stage for stage in stages(model)}
    assert list(found) == ["stem", "layer1", "layer2", "layer3", "head"]
    assert found["head"].parameters == ("model.linear.weight", "model.linear.bias")
    assert "model.layer2.0.bn1" in found["layer2"].modules
    named = [name for stage in found.values() for name in stage.parameters]
    assert sorted(named) == sorted(name for name, _ in model.named_parameters())


def test_children_with_parameters_are_the_stages_of_any_other_module():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3))
    assert [stage.name for stage in stages(model)] == ["0", "1", "4"]
    assert stages(model)[1].modules == ("1",)


def test_a_module_that_only_wraps_another_is_looked_through():
    model = nn.Sequential(nn.ReLU(), nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1)))
    assert [stage.name for stage in stages(model)] == ["0", "1"]
    assert stages(model)[0].parameters == ("1.0.weight", "1.0.bias")


def test_parameters_outside_of_all_children_go_with_the_first_stage():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.body, self.head = nn.Linear(2, 2), nn.Linear(2, 1)
            self.token = nn.Parameter(torch.zeros(2))

    assert stages(Net())[0].parameters == ("token", "body.weight", "body.bias")


def test_a_module_without_children_is_one_stage():
    assert [stage.name for stage in stages(nn.Linear(2, 1))] == ["all"]
    assert stages(nn.Linear(2, 1))[0].parameters == ("weight", "bias")
