"""Tests of burnish.pruning.layers.watching."""

import pytest
import torch
import torch.nn.functional as F
from tests.pruning.layers.residual_nets import Watched, mixed
from torch import nn

from burnish.common.errors import InputError
from burnish.models import create
from burnish.pruning.layers.watching import run, watch


class PostNorm(nn.Module):
    """A residual block whose sum is normalised, so that zero weights do not make it the identity."""

    def __init__(self, width):
        super().__init__()
        self.linear, self.norm = nn.Linear(width, width), nn.LayerNorm(width)

    def forward(self, x):
        return self.norm(x + self.linear(x))


class Attention(nn.Module):
    """Attention without a shortcut."""

    def __init__(self, width):
        super().__init__()
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        return self.out(F.scaled_dot_product_attention(*self.qkv(x).chunk(3, dim=-1)))


class Projection(nn.Module):
    """A residual block whose shortcut has weights too."""

    def __init__(self, width):
        super().__init__()
        self.linear, self.shortcut = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x):
        return self.shortcut(x) + self.linear(x).relu()


class FunctionalResidual(nn.Module):
    """A residual block without layers inside."""

    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(width, width))

    def forward(self, x):
        return torch.tanh(x @ self.weight) + x


@pytest.mark.parametrize(
    ("block", "has_one"),
    [
        (PostNorm(6), True),
        (FunctionalResidual(6), True),
        (nn.TransformerEncoderLayer(6, 2, 8, batch_first=True), True),
        (nn.TransformerEncoderLayer(6, 2, 8, batch_first=True, norm_first=True), True),
        (Attention(6), False),
        (Projection(6), False),
        (nn.Linear(6, 6), False),
        (nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 6)), False),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("example", [torch.zeros(2, 3, 6), torch.arange(36.0).view(2, 3, 6)], ids=["zeros", "numbers"])
def test_a_shortcut_is_a_way_around_all_matrices(block, has_one, example):
    seen = watch(nn.Sequential(block, nn.Linear(6, 1)), example)
    assert seen["0"].reason is None
    assert seen["0"].shortcut is has_one


class Odd(nn.Module):
    """A forward in which every layer does something that a block must not."""

    def __init__(self):
        super().__init__()
        self.twice, self.never = nn.Linear(4, 4), nn.Linear(4, 4)
        self.tuple_ = nn.GRU(4, 4)
        self.wider, self.words = nn.Linear(4, 5), nn.Embedding(9, 4)
        self.precise, self.keyword = ToDouble(), nn.Linear(4, 4)

    def forward(self, x):
        x = self.tuple_(self.twice(self.twice(x)))[0]
        self.wider(x), self.precise(x), self.words(torch.zeros(2, dtype=torch.int64))
        return self.keyword(input=x)


class ToDouble(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(4, 4))

    def forward(self, x):
        return (x @ self.weight).double()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("twice", "runs 2 times in one forward"),
        ("never", "did not run on the example"),
        ("tuple_", "returns a tuple"),
        ("wider", "turns 3x4 into 3x5"),
        ("words", "turns 2 into 2x4"),
        ("precise", "turns float32 into float64"),
        ("keyword", "takes no tensor as its first argument"),
    ],
)
def test_what_cannot_be_replaced_by_its_input_is_said(name, reason):
    assert watch(Odd(), torch.ones(3, 4))[name].reason == reason


def test_the_last_layer_is_known_with_all_that_hold_it():
    net = nn.Sequential(nn.Linear(4, 4), nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4), nn.Softmax(dim=1)))
    seen = watch(net, torch.ones(3, 4))
    assert {name: record.is_last for name, record in seen.items()} == {
        "": True,
        "0": False,
        "1": True,
        "1.0": False,
        "1.1": True,
    }


def test_only_modules_with_matrices_are_watched():
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.PReLU(), nn.Flatten())
    assert list(watch(net, torch.ones(1, 1, 4, 4))) == ["", "0"]


def test_the_model_is_left_as_it_was():
    model = mixed(create("resnet20", 10, 3, 16))
    nn.init.constant_(model.bn1.running_mean, 3.0)
    watched = Watched(model)
    watch(model, torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0)))
    watched.check()


def test_hooks_are_gone_after_a_forward_that_fails():
    net = nn.Sequential(nn.Linear(4, 4), nn.Linear(3, 3))
    watched = Watched(net)
    with pytest.raises(InputError, match="Sequential cannot run on the example: mat1 and mat2"):
        watch(net, torch.ones(1, 4))
    watched.check()


def test_torchscript_is_not_looked_into():
    with pytest.warns(DeprecationWarning, match="torch.jit.script"):
        scripted = torch.jit.script(nn.Sequential(nn.Linear(4, 4)))
    seen = watch(nn.Sequential(scripted, nn.Linear(4, 1)), torch.ones(1, 4))
    assert seen["0"].reason == "is compiled to TorchScript, which cannot be looked into"


def test_a_model_on_the_meta_device_is_refused():
    with pytest.raises(InputError, match="a model on the meta device computes nothing"):
        run(nn.Linear(2, 2, device="meta"), torch.ones(1, 2))


def test_a_compiled_model_is_refused():
    with pytest.raises(InputError, match=r"cut first, and call torch\.compile afterwards"):
        run(torch.compile(nn.Linear(2, 2), backend="eager"), torch.ones(1, 2))
