"""Tests of burnish.layers.tap_sampling."""

import pytest
import torch

from burnish.layers.tap_sampling import sample_planes, sample_rows, tap_positions

SAMPLERS = pytest.mark.parametrize("sample", [sample_rows, sample_planes])


def one(value):
    return torch.tensor(value).view(1, 1, 1, 1, 1)


def test_undisplaced_taps_lie_where_a_convolution_puts_them():
    y, x = tap_positions(torch.zeros(1, 12, 2, 2), (2, 3), (3, 2), (1, 4), (5, 2))
    assert y[0, 0, :, 0, 0].tolist() == [-1, -1, -1, 4, 4, 4]
    assert x[0, 0, :, 0, 0].tolist() == [-4, -2, 0, -4, -2, 0]
    assert y[0, 0, 0].tolist() == [[-1, -1], [2, 2]]
    assert x[0, 0, 0].tolist() == [[-4, -2], [-4, -2]]


def test_displacements_are_down_then_right_tap_by_tap_group_by_group():
    offset = torch.arange(8.0).view(1, 8, 1, 1)
    y, x = tap_positions(offset, (1, 2), (1, 1), (0, 0), (1, 1))
    assert y[0, :, :, 0, 0].tolist() == [[0, 2], [4, 6]]
    assert x[0, :, :, 0, 0].tolist() == [[1, 3 + 1], [5, 7 + 1]]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_positions_are_exact_in_half_precision(dtype):
    _, x = tap_positions(torch.zeros(1, 2, 1, 3000, dtype=dtype), (1, 1), (1, 1), (0, 0), (1, 1))
    assert torch.equal(x.flatten(), torch.arange(3000.0))


@SAMPLERS
@pytest.mark.parametrize(
    ("y", "x", "expected"),
    [(0.0, 1.0, 2.0), (0.5, 0.5, 2.5), (0.25, 0.0, 1.5), (-0.5, 0.0, 0.5), (-1.0, 0.0, 0.0), (1.5, 1.5, 1.0)],
)
def test_a_pixel_between_pixels_is_their_mean_by_distance(sample, y, x, expected):
    image = torch.tensor([[1.0, 2.0], [3.0, 4.0]]).view(1, 1, 2, 2)
    assert sample(image, one(y), one(x), None).item() == pytest.approx(expected)


@SAMPLERS
def test_taps_lie_one_below_the_other_and_groups_read_their_own_channels(sample):
    image = torch.arange(8.0).view(1, 4, 1, 2)
    columns = torch.tensor([[0.0, 1.0], [1.0, 0.0]]).view(1, 2, 2, 1, 1)  # group, tap
    out = sample(image, torch.zeros_like(columns), columns, None)
    assert out.shape == (1, 4, 2, 1)
    assert out[0, :, :, 0].tolist() == [[0, 1], [2, 3], [5, 4], [7, 6]]


@SAMPLERS
def test_the_mask_scales_every_sample(sample):
    torch.manual_seed(0)
    image, y, x = torch.rand(2, 4, 5, 6), torch.rand(2, 2, 3, 4, 5) * 4, torch.rand(2, 2, 3, 4, 5) * 5
    mask = torch.rand(2, 2, 3, 4, 5)
    factor = mask.repeat_interleave(2, dim=1).reshape(2, 4, 12, 5)
    torch.testing.assert_close(sample(image, y, x, mask), sample(image, y, x, None) * factor)


def test_both_ways_of_reading_agree():
    torch.manual_seed(0)
    image, y, x = torch.rand(2, 4, 5, 6), torch.randn(2, 2, 3, 4, 5) * 4, torch.randn(2, 2, 3, 4, 5) * 4
    torch.testing.assert_close(sample_rows(image, y, x, None), sample_planes(image, y, x, None))


def test_rows_come_in_channels_last_order():
    out = sample_rows(torch.rand(2, 4, 5, 6), torch.rand(2, 1, 9, 5, 6), torch.rand(2, 1, 9, 5, 6), None)
    assert out.is_contiguous(memory_format=torch.channels_last)
