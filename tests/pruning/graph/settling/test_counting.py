"""Tests of burnish.pruning.graph.settling.counting."""

import torch
import torch.nn.functional as F
from tests.pruning.graph.equality import assert_equal_to_its_twin
from torch import nn

from burnish.pruning.graph import remove_, trace
from burnish.pruning.graph.following.record import Attribute
from burnish.pruning.graph.settling.counting import _choices

TEXT = torch.rand(2, 5, 12)


class Heads(nn.Module):
    """Attention with both of its sizes as attributes."""

    def __init__(self, name="heads"):
        super().__init__()
        self.project, self.out, self.name = nn.Linear(12, 36), nn.Linear(12, 12), name
        setattr(self, name, 3)

    def forward(self, x):
        batch, length, _ = x.shape
        q, k, v = self.project(x).view(batch, length, 3, getattr(self, self.name), -1).permute(2, 0, 3, 1, 4)
        return self.out(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


def test_a_number_of_heads_under_any_name_is_found_and_changed():
    model = nn.Sequential(nn.Linear(12, 12), Heads("how_many"), Heads("how_many"))
    found = {group.name: group for group in trace(model, TEXT).groups()}
    assert found["1.project"].count == 3
    assert found["1.project"].granularity == 12
    remove_(model, found["1.project"], [1])
    assert (model[1].how_many, model[2].how_many) == (2, 3)
    assert model(TEXT).shape == TEXT.shape


def test_a_number_that_only_happens_to_be_equal_is_left_alone():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.head, self.times = nn.Linear(12, 8), nn.Linear(8, 2), 8

        def forward(self, x):
            x = self.first(x).flatten(0, 1).view(2, 5, -1)
            return self.head(x) * self.times

    model = Net()
    (group,) = trace(model, TEXT).groups()
    remove_(model, group, [0])
    assert model.times == 8


def test_a_number_equal_to_the_heads_that_is_a_factor_is_left_alone():
    class Scaled(Heads):
        def __init__(self):
            super().__init__()
            self.a_factor, self.factor = 3, 3

        def forward(self, x):
            return super().forward(x) * self.factor * self.a_factor

    model = nn.Sequential(nn.Linear(12, 12), Scaled())
    found = {group.name: group for group in trace(model, TEXT).groups()}
    remove_(model, found["1.project"], [0])
    assert (model[1].heads, model[1].factor, model[1].a_factor) == (2, 3, 3)


class Branches(nn.Module):
    """Pieces of its input by sizes in one tuple, three of them equal, each through a layer of its own."""

    def __init__(self):
        super().__init__()
        self.sizes = (6, 2, 2, 2)
        self.branches = nn.ModuleList(nn.Conv1d(2, 2, 1, groups=2) for _ in range(3))

    def forward(self, x):
        first, *others = x.split(self.sizes, dim=1)
        return torch.cat([first, *(layer(part) for layer, part in zip(self.branches, others, strict=True))], dim=1)


def test_sizes_of_a_tuple_count_the_pieces_in_turn():
    model = nn.Sequential(nn.Conv1d(5, 12, 1), Branches(), nn.Conv1d(12, 2, 1))
    graph = assert_equal_to_its_twin(model, TEXT)
    assert sorted(group.count for group in graph.groups()) == [2, 2, 2, 6]
    assert graph.refusals == []


def test_of_numbers_that_may_count_many_channels_each_is_tried_early():
    channels = [torch.arange(1 + 4 * place, 5 + 4 * place).numpy()[None] for place in range(40)]
    options = {("", name, None): [Attribute("", name, None, dim) for dim in channels] for name in ("width", "inner")}
    found = _choices(options)
    assert {(0, None), (None, 0), (1, None), (None, 1), (0, 1)} <= set(found)
    assert found.index((0, None)) < found.index((1, None)) < found.index((0, 1))
