"""Tests of burnish.layers.locally_connected."""

import pytest
import torch
import torch.nn.functional as F

from burnish.common.errors import InputError
from burnish.layers import LocallyConnected2d
from burnish.models import count

SHAPES = [
    ((6, 5), 3, 1, 0, 1),
    ((7, 8), (3, 2), (2, 1), (1, 0), 1),
    ((9, 9), 3, 2, 2, (2, 3)),
    ((4, 4), 4, 1, 0, 1),
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_with_the_same_filters_everywhere_it_is_the_convolution(shape):
    size, kernel, stride, padding, dilation = shape
    torch.manual_seed(0)
    conv = torch.nn.Conv2d(3, 5, kernel, stride, padding, dilation)
    layer = LocallyConnected2d(3, 5, size, kernel, stride, padding, dilation)
    rows, columns = layer.output_size
    with torch.no_grad():
        layer.weight.copy_(conv.weight.repeat(rows * columns, 1, 1, 1))
        layer.bias.copy_(conv.bias.view(5, 1, 1).expand(5, rows, columns))
    images = torch.randn(2, 3, *size)
    torch.testing.assert_close(layer(images), conv(images), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_position_meets_its_own_filters(shape):
    size, kernel, stride, padding, dilation = shape
    torch.manual_seed(0)
    layer = LocallyConnected2d(3, 5, size, kernel, stride, padding, dilation, bias=False)
    images = torch.randn(2, 3, *size)
    out = layer(images)
    rows, columns = layer.output_size
    filters = layer.weight.view(rows, columns, 5, 3, *layer.kernel_size)
    for row in range(rows):
        for column in range(columns):
            expected = F.conv2d(images, filters[row, column], None, stride, padding, dilation)[..., row, column]
            torch.testing.assert_close(out[..., row, column], expected, rtol=1e-5, atol=1e-5)


def test_its_parameters_are_those_of_a_convolution_times_the_positions():
    positions = 26 * 26
    layer = LocallyConnected2d(3, 8, (28, 28), 3)
    assert layer.weight.numel() == positions * 8 * 3 * 9
    assert layer.bias.numel() == positions * 8
    assert sum(p.numel() for p in layer.parameters()) == positions * 8 * (3 * 9 + 1)
    assert LocallyConnected2d(3, 8, (28, 28), 3, bias=False).bias is None


def test_its_multiply_adds_are_those_of_the_convolution():
    images = torch.zeros(1, 3, 9, 8)
    ours = count(LocallyConnected2d(3, 8, (9, 8), 3, stride=2), images)
    assert ours.macs == count(torch.nn.Conv2d(3, 8, 3, stride=2), images).macs > 0


def test_it_draws_from_the_range_of_a_convolution():
    layer = LocallyConnected2d(3, 8, (20, 20), 3)
    bound = (3 * 9) ** -0.5
    assert layer.weight.abs().max().item() == pytest.approx(bound, rel=1e-3)
    assert layer.weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.02)
    assert bound * 0.9 < layer.bias.abs().max().item() <= bound


def test_gradients_are_the_slopes():
    layer = LocallyConnected2d(2, 3, (4, 5), (2, 3), padding=1).double()
    images = torch.randn(2, 2, 4, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(layer, images)
    layer(images).sum().backward()
    assert layer.weight.grad.abs().sum() > 0
    assert torch.equal(layer.bias.grad, torch.full_like(layer.bias, 2.0))


def test_an_image_of_another_size_is_refused():
    layer = LocallyConnected2d(3, 8, (6, 5), 3)
    with pytest.raises(InputError, match=r"the one size it was built for, \(batch, 3, 6, 5\), got \(1, 3, 5, 6\)"):
        layer(torch.zeros(1, 3, 5, 6))
    with pytest.raises(InputError, match=r"got \(1, 1, 6, 5\)"):
        layer(torch.zeros(1, 1, 6, 5))


def test_a_window_that_does_not_fit_is_refused():
    with pytest.raises(InputError, match="a window of 7 does not fit into 5 inputs"):
        LocallyConnected2d(3, 8, (8, 5), 7)


def test_channels_below_1_are_refused():
    with pytest.raises(InputError, match="in_channels and out_channels must be at least 1, got 0 and 8"):
        LocallyConnected2d(0, 8, (6, 5), 3)
