"""Tests of burnish.pruning.criteria.readings."""

import pytest
import torch
import torch.nn.functional as F
from tests.pruning.criteria.hand_made import group, part
from torch import nn

from burnish.common.errors import InputError
from burnish.pruning.criteria.calibration import Calibration
from burnish.pruning.criteria.readings import mean_readings
from burnish.pruning.graph import groups as traced


def read(model, groups, *inputs):
    return mean_readings(model, groups, Calibration([(x, None) for x in inputs]), torch.abs)


class Read(nn.Module):
    """A layer that makes four channels, a ReLU, and a layer that reads them as a given function of its weight."""

    def __init__(self, change=lambda weight: weight, reads=True):
        super().__init__()
        self.make = nn.Linear(3, 4)
        self.weight = nn.Parameter(torch.randn(2, 4))
        self.change, self.reads = change, reads

    def forward(self, x):
        x = F.relu(self.make(x))
        return F.linear(x, self.change(self.weight)) if self.reads else x


BY_HAND = group("make", part("make.weight", 0, 4, "produces"), part("weight", 1, 4, "consumes"))


def test_a_grouped_convolution_reads_the_channels_of_all_its_groups():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(2, 6, 1), nn.Tanh(), nn.Conv2d(6, 4, 3, groups=2)).double()
    inputs = torch.randn(3, 2, 5, 5, dtype=torch.float64)
    by_hand = group("0", part("0.weight", 0, [[0, 3], [1, 4], [2, 5]], "produces"), part("2.weight", 1, 3, "consumes"))
    expected = model[:2](inputs).detach().abs().mean(dim=(0, 2, 3)).view(2, 3).mean(dim=0)
    torch.testing.assert_close(read(model, [by_hand], inputs)[0], expected)


def test_a_layer_that_runs_twice_counts_with_all_it_reads():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.make, self.read = nn.Linear(3, 4), nn.Linear(4, 2)

        def forward(self, x):
            return self.read(self.make(x)) + self.read(self.make(-2 * x[:1]))

    model, inputs = Twice().double(), torch.randn(5, 3, dtype=torch.float64)
    by_hand = group("make", part("make.weight", 0, 4, "produces"), part("read.weight", 1, 4, "consumes"))
    expected = torch.cat([model.make(inputs), model.make(-2 * inputs[:1])]).detach().abs().mean(dim=0)
    torch.testing.assert_close(read(model, [by_hand], inputs)[0], expected)


def test_every_sample_weighs_the_same_however_long_the_others_are():
    torch.manual_seed(0)
    model = Read()
    short, long = torch.randn(3, 2, 3), torch.randn(1, 9, 3)
    one, two = (F.relu(model.make(x)).detach().mean(dim=(0, 1)).double() for x in (short, long))
    torch.testing.assert_close(read(model, [BY_HAND], short, long)[0], (3 * one + two) / 4, rtol=1e-6, atol=0)


def test_attention_is_seen_although_torch_would_fuse_it():
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(8, 2, dim_feedforward=12, dropout=0.0, batch_first=True)
    model = nn.Sequential(nn.Linear(3, 8), layer, nn.Linear(8, 2)).eval()
    inputs = torch.randn(4, 5, 3)
    found = dict(zip([g.name for g in traced(model, inputs)], read(model, traced(model, inputs), inputs), strict=True))
    seen = []
    handle = layer.linear2.register_forward_pre_hook(lambda module, args: seen.append(args[0].abs().mean(dim=(0, 1))))
    with torch.enable_grad():  # which keeps torch from its fused path
        model(inputs)
    handle.remove()
    torch.testing.assert_close(found["1.linear1"], seen[0].detach().double(), rtol=1e-5, atol=0)


def test_recurrent_layers_are_seen():
    class Tagger(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.cell = nn.Embedding(10, 6), nn.LSTM(6, 8, batch_first=True)
            self.read = nn.Linear(8, 3)

        def forward(self, x):
            return self.read(self.cell(self.embed(x))[0])

    torch.manual_seed(0)
    model, words = Tagger(), torch.randint(10, (4, 7))
    found = read(model, traced(model, words), words)
    expected = [model.embed(words), model.cell(model.embed(words))[0]]
    for score, values in zip(found, expected, strict=True):
        torch.testing.assert_close(score, values.detach().abs().mean(dim=(0, 1)).double(), rtol=1e-5, atol=0)


def test_a_weight_that_is_made_of_others_is_named():
    with pytest.raises(InputError, match=r"what is read of the channels of 'make' cannot be seen \(read by "):
        read(Read(lambda weight: 2 * weight), [BY_HAND], torch.randn(2, 3))


def test_channels_that_nothing_reads_in_evaluation_score_zero():
    assert read(Read(reads=False), [BY_HAND], torch.randn(2, 3))[0].tolist() == [0.0] * 4


def test_fused_attention_is_allowed_again_afterwards():
    before = torch.backends.mha.get_fastpath_enabled()
    read(Read(), [BY_HAND], torch.randn(2, 3))
    assert torch.backends.mha.get_fastpath_enabled() is before
