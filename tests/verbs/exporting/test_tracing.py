"""Tests of burnish.verbs.exporting.tracing."""

import builtins
import inspect
import logging

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.models import create
from burnish.pruning.layers import prune_layers
from burnish.verbs.exporting.tracing import traced


class CountsWithLen(nn.Module):
    def forward(self, x):
        return x.flatten(1).sum(1, keepdim=True).expand(len(x), 3)


class TiesBatch(nn.Module):
    def forward(self, x):
        return x * 2 if x.shape[0] == 2 else x


class AsksForNumbers(nn.Module):
    def forward(self, x):
        return x * 2 if x.sum().item() > 0 else x


def test_a_program_takes_any_number_of_samples_and_answers_as_the_module():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(36, 2)).eval()
    run = traced(module, torch.rand(7, 1, 5, 5)).module()
    for count in (1, 2, 9):
        inputs = torch.rand(count, 1, 5, 5)
        assert torch.equal(run(inputs), module(inputs))


def test_len_of_a_tensor_does_not_fix_the_number_of_samples():
    own = builtins.len
    assert traced(CountsWithLen().eval(), torch.zeros(2, 4)).module()(torch.zeros(5, 4)).shape == (5, 3)
    assert builtins.len is own


def test_a_transformer_of_the_zoo_takes_any_number_of_images():
    model = create("vit-tiny", 4, in_channels=1, input_size=(16, 16), patch_size=8).eval()
    inputs = torch.rand(3, 1, 16, 16)
    torch.testing.assert_close(traced(model, inputs).module()(inputs), model(inputs))


def test_a_fixed_number_is_kept():
    program = traced(nn.Linear(4, 2).eval(), torch.zeros(3, 4), 8)
    assert program.module()(torch.zeros(8, 4)).shape == (8, 2)
    with pytest.raises(Exception, match="8"):
        program.module()(torch.zeros(3, 4))


def test_the_example_in_a_program_holds_nobodys_data():
    ((example,), _) = traced(nn.Linear(4, 2).eval(), torch.ones(3, 4)).example_inputs
    assert not example.any()


def test_code_that_ties_the_number_of_samples_is_named_with_its_line():
    line = inspect.getsourcelines(TiesBatch.forward)[1] + 1
    before = logging.getLogger("torch.fx.experimental.symbolic_shapes").level
    with pytest.raises(
        InputError, match=rf"TiesBatch ties the number of samples to 2 at \S*test_tracing.py:{line}: give"
    ):
        traced(TiesBatch().eval(), torch.zeros(2, 4))
    assert logging.getLogger("torch.fx.experimental.symbolic_shapes").level == before
    assert traced(TiesBatch().eval(), torch.zeros(2, 4), 2).module()(torch.ones(2, 4)).sum() == 16


def test_code_that_cannot_be_followed_is_named_with_its_line():
    line = inspect.getsourcelines(AsksForNumbers.forward)[1] + 1
    with pytest.raises(InputError, match=rf"AsksForNumbers cannot be exported at \S*test_tracing.py:{line}: "):
        traced(AsksForNumbers().eval(), torch.zeros(2, 4))


def test_a_model_without_some_of_its_blocks_is_followed():
    torch.manual_seed(0)
    model, inputs = create("resnet20", 4, in_channels=1, input_size=(8, 8)).eval(), torch.rand(3, 1, 8, 8)
    whole = sum(weight.numel() for weight in model.parameters())
    prune_layers(model, inputs, "random", ratio=0.3)
    assert sum(weight.numel() for weight in model.parameters()) < whole
    torch.testing.assert_close(traced(model, inputs).module()(inputs), model(inputs))
