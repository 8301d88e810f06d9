"""Tests of burnish.pruning.graph.shell."""

import pytest
import torch
from torch import nn

from burnish.common.errors import InputError
from burnish.pruning.graph.narrow_attention import NarrowMultiheadAttention
from burnish.pruning.graph.shell import doubled, moved, shell


class Holder(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(2, 3), nn.Linear(2, 3)
        self.second.weight = self.first.weight
        self.plain = {"scale": torch.ones(3)}
        self.attention = nn.MultiheadAttention(4, 2)

    def forward(self, x):
        return (self.first(x) + self.second(x)) * self.plain["scale"]


def test_a_shell_holds_shapes_alone_and_the_model_its_numbers():
    model = Holder()
    hollow = shell(model)
    assert all(tensor.is_meta for tensor in (*hollow.parameters(), hollow.plain["scale"]))
    assert not any(tensor.is_meta for tensor in (*model.parameters(), model.plain["scale"]))
    assert hollow.first.weight is hollow.second.weight
    assert isinstance(hollow.attention, NarrowMultiheadAttention)
    assert not isinstance(model.attention, NarrowMultiheadAttention)
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_a_full_copy_has_numbers_of_its_own():
    model = Holder()
    copied = shell(model, "cpu")
    assert torch.equal(copied.first.weight, model.first.weight)
    with torch.no_grad():
        copied.first.weight.zero_()
    assert model.first.weight.any()


def test_a_model_that_cannot_be_copied_is_named():
    model = nn.Linear(2, 2)
    model.handle = (item for item in ())
    with pytest.raises(InputError, match="Linear cannot be copied"):
        shell(model)


def test_examples_are_moved_and_doubled_whatever_nest_they_are_in():
    example = ({"x": torch.arange(2), "name": "a"}, torch.tensor(1))
    there = moved(example, "meta")
    assert there[0]["x"].is_meta
    assert there[0]["name"] == "a"
    twice = doubled(example)
    assert twice[0]["x"].tolist() == [0, 1, 0, 1]
    assert twice[1].tolist() == 1
