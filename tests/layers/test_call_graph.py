"""Tests of burnish.layers.call_graph."""

import pytest
import torch
from torch import nn

from burnish.layers.call_graph import sole_followers


class Net(nn.Module):
    """A convolution, a normalisation, and a forward to be given."""

    def __init__(self, forward):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)
        self.norm = nn.BatchNorm2d(3)
        self.other = nn.BatchNorm2d(3)
        self.act = nn.ReLU()
        self.run = forward

    def forward(self, x, scale=None, *, flag=False):
        return self.run(self, x) if scale is None and not flag else None


def pairs(model):
    names = {module: name for name, module in model.named_modules()}
    return [(names[a], names[b]) for a, b in sole_followers(model, (nn.Conv2d,), (nn.BatchNorm2d,))]


def undecidable(self, x):
    return self.norm(self.conv(x)) if x.sum() > 0 else x


CASES = {
    "one after the other": (lambda self, x: self.norm(self.conv(x)), True),
    "its result goes on": (lambda self, x: self.act(self.norm(self.conv(x))) + x, True),
    "both are used twice alike": (lambda self, x: self.norm(self.conv(x)) + self.norm(self.conv(x + 1)), True),
    "something in between": (lambda self, x: self.norm(self.act(self.conv(x))), False),
    "a function in between": (lambda self, x: self.norm(torch.relu(self.conv(x))), False),
    "the first is used elsewhere": (lambda self, x: (lambda y: self.norm(y) + y)(self.conv(x)), False),
    "the first is returned": (lambda self, x: (lambda y: (self.norm(y), y))(self.conv(x)), False),
    "a view of the first is used": (lambda self, x: (lambda y: self.norm(y) + y[:, :1])(self.conv(x)), False),
    "the second sees something else too": (lambda self, x: self.norm(self.conv(x)) + self.norm(x), False),
    "the first has two followers": (lambda self, x: self.norm(self.conv(x)) + self.other(self.conv(x)), False),
    "the weight is used by hand": (lambda self, x: self.norm(self.conv(x)) * self.conv.weight.sum(), False),
    "the scale is used by hand": (lambda self, x: self.norm(self.conv(x)) * self.norm.weight.sum(), False),
    "it depends on the numbers": (undecidable, False),
}


@pytest.mark.parametrize("case", CASES)
def test_a_pair_is_found_where_nothing_else_is_involved(case):
    forward, expected = CASES[case]
    assert pairs(Net(forward)) == ([("conv", "norm")] if expected else [])


def test_parts_of_what_cannot_be_followed_are_looked_at_one_by_one():
    block = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3))
    net = nn.Sequential(block, Net(undecidable), nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3))
    net[1].inner = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3))
    assert sorted(pairs(net)) == [("0.0", "0.1"), ("1.inner.0", "1.inner.1"), ("2", "3")]


def test_what_crosses_a_border_that_cannot_be_followed_is_left_alone():
    class Outer(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Sequential(nn.Conv2d(3, 3, 1))
            self.last = nn.Sequential(nn.BatchNorm2d(3))

        def forward(self, x):
            return self.last(self.first(x)) if x.mean() > 0 else x

    assert pairs(Outer()) == []
    assert pairs(nn.Sequential(nn.Sequential(nn.Conv2d(3, 3, 1)), nn.Sequential(nn.BatchNorm2d(3)))) == [("0.0", "1.0")]


def test_a_kind_with_another_forward_is_not_that_kind():
    class Shifted(nn.BatchNorm2d):
        def forward(self, x):
            return super().forward(x) + 1

    class Renamed(nn.BatchNorm2d):
        pass

    assert pairs(nn.Sequential(nn.Conv2d(3, 3, 1), Shifted(3))) == []
    assert pairs(nn.Sequential(nn.Conv2d(3, 3, 1), Renamed(3))) == [("0", "1")]


def test_a_model_without_any_is_no_mistake():
    assert pairs(nn.Linear(2, 2)) == []
    assert pairs(nn.Conv2d(3, 3, 1)) == []
