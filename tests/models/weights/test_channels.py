"""Tests of burnish.models.weights.channels."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from burnish.models import create
from burnish.models.weights.channels import first_convolution, for_channels

WEIGHT = torch.randn(4, 3, 3, 3, generator=torch.Generator().manual_seed(0))


def test_a_grey_image_gives_what_it_gave_as_a_colour_image():
    grey = torch.rand(2, 1, 8, 8)
    torch.testing.assert_close(F.conv2d(grey, for_channels(WEIGHT, 1)), F.conv2d(grey.expand(-1, 3, -1, -1), WEIGHT))


@pytest.mark.parametrize("channels", [3, 6, 9])
def test_channels_that_agree_give_the_same_activation(channels):
    grey = torch.rand(2, 1, 8, 8)
    found = F.conv2d(grey.expand(-1, channels, -1, -1), for_channels(WEIGHT, channels))
    torch.testing.assert_close(found, F.conv2d(grey.expand(-1, 3, -1, -1), WEIGHT))


@pytest.mark.parametrize("channels", [2, 4, 5, 13])
def test_any_number_of_channels_keeps_the_expected_activation(channels):
    positive = torch.ones(4, 3, 3, 3)
    image = torch.ones(1, channels, 3, 3)
    assert F.conv2d(image, for_channels(positive, channels)).unique().tolist() == pytest.approx([27.0])
    assert for_channels(WEIGHT, channels).shape == (4, channels, 3, 3)


def test_a_grey_model_is_spread_over_colours():
    assert for_channels(torch.ones(1, 1, 1, 1), 4).flatten().tolist() == [0.25] * 4


@pytest.mark.parametrize(("name", "first"), [("resnet20", "conv1"), ("resnet18", "conv1"), ("lenet5", "conv1")])
def test_the_first_convolution_of_a_model_of_the_zoo_is_in_its_stem(name, first):
    with torch.device("meta"):
        assert first_convolution(create(name)) == first


def test_the_first_convolution_of_any_module_is_the_first_defined():
    assert first_convolution(nn.Sequential(nn.Sequential(nn.Conv2d(1, 2, 3)), nn.Conv2d(2, 2, 3))) == "0.0"
    assert first_convolution(nn.Linear(2, 2)) is None
    assert first_convolution(nn.Sequential(nn.Conv2d(4, 4, 3, groups=2), nn.Conv2d(4, 4, 3))) is None
