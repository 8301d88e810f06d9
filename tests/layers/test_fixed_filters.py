"""Tests of burnish.layers.fixed_filters."""

import pytest
import torch

from burnish.common.errors import InputError
from burnish.layers import FixedFilter2d, gaussian, laplacian, sobel

rows = torch.arange(12.0).view(1, 1, 12, 1)
columns = torch.arange(10.0).view(1, 1, 1, 10)
CONSTANT = torch.full((1, 1, 12, 10), 0.7)
RAMP = 3 * rows - 2 * columns + 1
BOWL = 0.5 * rows**2 + 1.5 * columns**2 - rows * columns


def inside(maps, border=4):
    return maps[..., border:-border, border:-border]


@pytest.mark.parametrize("kernel", [3, 5, 7])
def test_sobel_gives_the_slopes_of_a_ramp_right_then_down(kernel):
    right, down = inside(sobel(kernel)(RAMP))[0]
    torch.testing.assert_close(right, torch.full_like(right, -2.0))
    torch.testing.assert_close(down, torch.full_like(down, 3.0))


def test_sobel_of_3_has_the_weights_of_its_authors():
    expected = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 8
    assert torch.equal(sobel().filters[0], expected)
    assert torch.equal(sobel().filters[1], expected.mT)


@pytest.mark.parametrize("filtering", [sobel(), sobel(5), laplacian(), laplacian(1.0)], ids=str)
def test_what_measures_change_is_zero_on_a_constant_up_to_the_border(filtering):
    assert filtering(CONSTANT).abs().max() < 1e-6


@pytest.mark.parametrize("border", ["replicate", "reflect", "valid"])
@pytest.mark.parametrize(("sigma", "kernel"), [(0.5, None), (1.3, None), (2.0, 5)])
def test_a_blur_keeps_constants_up_to_the_border_and_ramps_inside(sigma, kernel, border):
    blur = gaussian(sigma, kernel, border)
    assert (blur(CONSTANT) - 0.7).abs().max() < 1e-6
    if border != "valid":
        torch.testing.assert_close(inside(blur(RAMP)), inside(RAMP))


def test_a_blur_spreads_a_point_as_wide_as_it_says():
    point = torch.zeros(1, 1, 41, 41)
    point[..., 20, 20] = 1
    spread = gaussian(2.0, kernel_size=31)(point)[0, 0]
    distance = torch.arange(41.0) - 20
    assert spread.sum().item() == pytest.approx(1, abs=1e-6)
    assert (spread.sum(0) * distance**2).sum().item() == pytest.approx(4.0, rel=1e-4)
    torch.testing.assert_close(spread, spread.mT)


@pytest.mark.parametrize(("sigma", "kernel"), [(0.4, 5), (1.0, 7), (2.0, 13)])
def test_a_blur_reaches_three_standard_deviations_by_default(sigma, kernel):
    assert gaussian(sigma)[0].filters.shape == (1, 1, kernel)


@pytest.mark.parametrize("filtering", [laplacian(), laplacian(0.8)], ids=str)
def test_the_laplacian_is_the_sum_of_the_second_differences(filtering):
    found = inside(filtering(BOWL))
    torch.testing.assert_close(found, torch.full_like(found, 2 * 0.5 + 2 * 1.5), rtol=1e-4, atol=1e-4)
    assert inside(filtering(RAMP)).abs().max() < 1e-4


def test_channels_stay_apart_and_the_filters_of_one_follow_each_other():
    images = torch.cat([RAMP, 10 * RAMP], dim=1)
    out = sobel()(images)
    assert out.shape == (1, 4, 12, 10)
    torch.testing.assert_close(out[:, :2], sobel()(RAMP))
    torch.testing.assert_close(out[:, 2:], 10 * sobel()(RAMP))


def test_nothing_of_it_learns_or_is_saved_and_it_moves_with_its_model():
    filtering = gaussian(1.0)
    assert not list(filtering.parameters())
    assert not filtering.state_dict()
    assert len(list(filtering.buffers())) == 2
    assert filtering.double()(RAMP.double()).dtype == torch.float64
    assert gaussian(1.0)(RAMP.bfloat16()).dtype == torch.bfloat16


def test_the_slope_flows_back_through_it():
    image = RAMP.clone().requires_grad_()
    sobel()(image).square().sum().backward()
    assert image.grad.abs().sum() > 0


def test_zeros_around_the_image_show_at_its_border():
    out = FixedFilter2d(torch.ones(3, 3), border="zeros")(torch.ones(1, 1, 3, 3))
    assert out[0, 0].tolist() == [[4, 6, 4], [6, 9, 6], [4, 6, 4]]


def test_a_valid_border_leaves_a_smaller_image():
    assert sobel(5, border="valid")(RAMP).shape == (1, 2, 8, 6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FixedFilter2d(torch.ones(2, 3)), r"\(filters, height, width\), odd, got \(1, 2, 3\)"),
        (lambda: FixedFilter2d(torch.ones(3, 3), border="wrap"), "replicate, reflect, zeros or valid, got 'wrap'"),
        (lambda: sobel(4), "kernel_size of sobel must be odd and at least 3, got 4"),
        (lambda: gaussian(0), "sigma must be a positive number of pixels, got 0"),
        (lambda: gaussian(1.0, 4), "kernel_size of gaussian must be odd and at least 1, got 4"),
        (lambda: laplacian(kernel_size=5), "that of its blur: give sigma too"),
        (lambda: sobel()(torch.zeros(1, 1, 5, 5, dtype=torch.uint8)), "floating-point images, got torch.uint8"),
    ],
)
def test_what_cannot_be_is_named(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_it_runs_without_memory():
    with torch.device("meta"):
        assert laplacian(1.0)(torch.zeros(1, 3, 8, 8)).shape == (1, 3, 8, 8)
        assert sobel()(torch.zeros(1, 3, 8, 8)).shape == (1, 6, 8, 8)
