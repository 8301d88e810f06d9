"""Tests of burnish.models.layer_window."""

import itertools

import pytest
import torch
from torch import nn

from burnish.layers import Window
from burnish.models.layer_window import expected_sizes, windows_of

LAYERS = [
    nn.Conv1d(1, 1, 3, stride=2, dilation=2),
    nn.Conv2d(1, 1, (5, 3), stride=(1, 2), padding=(2, 0)),
    nn.Conv2d(1, 1, (4, 3), padding="same", dilation=2),
    nn.Conv2d(1, 1, 3, padding="valid"),
    nn.Conv2d(1, 1, 3, padding=2, padding_mode="circular"),
    nn.Conv3d(1, 1, 3, stride=2, padding=1),
    nn.ConvTranspose1d(1, 1, 3, stride=2),
    nn.ConvTranspose2d(1, 1, 4, stride=2, padding=1),
    nn.ConvTranspose2d(1, 1, 3, stride=3, padding=1, output_padding=2, dilation=2),
    nn.MaxPool1d(3),
    nn.MaxPool2d(3, 2, 1),
    nn.MaxPool2d(2, 2, 1, ceil_mode=True),
    nn.MaxPool2d(3, 2, ceil_mode=True, dilation=2),
    nn.AvgPool2d((3, 2), ceil_mode=True),
    nn.AvgPool3d(2, 1),
]


@pytest.mark.parametrize(("layer", "side"), list(itertools.product(LAYERS, (9, 10, 11, 12))), ids=str)
def test_the_arithmetic_gives_the_sizes_that_torch_gives(layer, side):
    image = torch.zeros(1, 1, *[side] * len(windows_of(layer)))
    assert expected_sizes(layer, image.shape) == tuple(layer(image).shape[2:])


def test_a_window_is_told_along_each_dimension():
    assert windows_of(LAYERS[1]) == (Window(5, 1, 2), Window(3, 2, 0))
    assert windows_of(nn.MaxPool2d(3, 2, 1)) == (Window(3, 2, 1),) * 2
    assert windows_of(LAYERS[2]) == (Window(4, 1, 3, 2), Window(3, 1, 2, 2))


def test_other_layers_have_no_window():
    assert windows_of(nn.Linear(2, 2)) is None
    assert expected_sizes(nn.AdaptiveAvgPool2d(1), (1, 1, 4, 4)) is None
