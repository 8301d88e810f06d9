"""Tests of burnish.models.with_input."""

import pytest
import torch
from torch import nn

from burnish.layers import Denormalise, Normalise
from burnish.models import AuxiliaryOutput, WithInput, create


def test_the_input_layer_runs_first_and_the_output_layer_last():
    model = WithInput(Normalise([1.0], [2.0]), nn.ReLU(), Denormalise([10.0], [3.0]))
    assert model(torch.tensor([[3.0], [-5.0]])).tolist() == [[13.0], [10.0]]


def test_the_inner_model_keeps_its_state_dict():
    inner = create("resnet20")
    wrapped = WithInput(Normalise([0.5] * 3, [0.25] * 3), inner)
    assert list(wrapped.model.state_dict()) == list(inner.state_dict())
    assert "input.mean" in wrapped.state_dict()


def test_attributes_of_the_inner_model_are_not_forwarded():
    wrapped = WithInput(nn.Identity(), create("resnet20"))
    with pytest.raises(AttributeError, match="'WithInput' object has no attribute 'layer1'"):
        _ = wrapped.layer1


def test_an_output_layer_reaches_auxiliary_outputs():
    output = AuxiliaryOutput(torch.ones(2, 1), (torch.zeros(2, 1),), 0.3)

    class Net(nn.Module):
        def forward(self, inputs):
            return output

    scaled = WithInput(nn.Identity(), Net(), Denormalise([5.0], [2.0]))(torch.zeros(2, 1))
    assert scaled.logits.tolist() == [[7.0], [7.0]]
    assert scaled.auxiliary[0].tolist() == [[5.0], [5.0]]
