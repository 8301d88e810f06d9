"""Tests of burnish.layers.normalise."""

import pytest
import torch

from burnish.common.errors import InputError
from burnish.layers import Normalise


@pytest.mark.parametrize("shape", [(64, 3), (64, 3, 5), (64, 3, 4, 5), (64, 3, 2, 2, 2)])
def test_normalising_with_its_own_statistics_gives_mean_0_and_deviation_1(shape):
    torch.manual_seed(0)
    inputs = torch.randn(shape) * 7 + 100
    by_channel = inputs.transpose(0, 1).flatten(1)
    out = Normalise(by_channel.mean(1), by_channel.std(1))(inputs).transpose(0, 1).flatten(1)
    torch.testing.assert_close(out.mean(1), torch.zeros(3), atol=1e-4, rtol=0)
    torch.testing.assert_close(out.std(1), torch.ones(3), atol=1e-4, rtol=0)


def test_statistics_travel_with_the_weights_and_cannot_be_trained():
    first = Normalise([0.1, 0.2], [0.3, 0.4])
    second = Normalise([0.0, 0.0], [1.0, 1.0])
    second.load_state_dict(first.state_dict())
    inputs = torch.rand(2, 2, 3, 3)
    assert torch.equal(first(inputs), second(inputs))
    assert list(first.parameters()) == []


def test_it_keeps_a_copy_of_the_statistics():
    mean = torch.zeros(1)
    layer = Normalise(mean, [1.0])
    mean.fill_(5)
    assert layer.mean.item() == 0


def test_it_keeps_channels_last():
    images = torch.rand(2, 3, 4, 4).to(memory_format=torch.channels_last)
    assert Normalise([0.5] * 3, [0.5] * 3)(images).is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("std", [0.0, -1.0, float("nan")])
def test_a_deviation_that_is_not_positive_is_named(std):
    with pytest.raises(InputError, match=f"std must be positive, got {std:g} for channel 1: use 1 for a channel that"):
        Normalise([0.0, 0.0], [1.0, std])


def test_lengths_must_agree():
    with pytest.raises(InputError, match="mean and std must have one number a channel each, got 2 and 3"):
        Normalise([0.0, 0.0], [1.0, 1.0, 1.0])
