"""Tests of burnish.defences.preprocessing.total_variation."""

import pytest
import torch

from burnish.common.errors import InputError
from burnish.defences.preprocessing.total_variation import TotalVariation

SEED = torch.Generator().manual_seed(0)
NOISY = (0.3 + 0.4 * (torch.arange(12) > 5) + 0.1 * torch.rand(2, 3, 10, 12, generator=SEED)).double()


def variation(images):
    down = torch.nn.functional.pad(images.diff(dim=2), (0, 0, 0, 1))
    right = torch.nn.functional.pad(images.diff(dim=3), (0, 1))
    return (down**2 + right**2).sqrt().sum()


def objective(images, result, weight):
    return (result - images).square().sum() / 2 + weight * variation(result)


@pytest.mark.parametrize("weight", [0.2, 0.7])
def test_the_two_sides_of_a_step_move_by_weight_times_circumference_over_area(weight):
    """Of a step, only the border between its sides counts: H pixels of it, for areas of 4 H and 6 H pixels."""
    step = torch.zeros(1, 1, 5, 10, dtype=torch.float64)
    step[..., 4:] = 0.8
    expected = torch.where(step > 0, 0.8 - weight / 6, weight / 4)
    torch.testing.assert_close(TotalVariation(weight, 2000)(step), expected.double(), rtol=0, atol=1e-5)


def test_no_image_nearby_is_better():
    result = TotalVariation(0.1, 3000)(NOISY)
    least = objective(NOISY, result, 0.1)
    assert least < objective(NOISY, NOISY, 0.1) / 2
    for step in (1e-2, 1e-3, 1e-4):
        for _ in range(20):
            other = result + step * torch.randn(result.shape, generator=SEED, dtype=torch.float64)
            assert objective(NOISY, other, 0.1) > least - 1e-9


def test_the_usual_iterations_come_near_the_minimum():
    usual, exact = TotalVariation(0.1)(NOISY), TotalVariation(0.1, 3000)(NOISY)
    assert (usual - exact).abs().mean() < 1e-3


def test_noise_goes_and_the_edge_stays():
    result = TotalVariation(0.1)(NOISY)
    assert variation(result) < 0.4 * variation(NOISY)
    assert (result[..., 6] - result[..., 5]).mean() > 0.3


def test_channels_and_images_do_not_mix():
    smoothing = TotalVariation(0.1)
    together = smoothing(NOISY)
    for image in range(2):
        for channel in range(3):
            alone = NOISY[image : image + 1, channel : channel + 1]
            torch.testing.assert_close(smoothing(alone)[0, 0], together[image, channel])


def test_the_mean_stays():
    torch.testing.assert_close(TotalVariation(0.2)(NOISY).mean(dim=(2, 3)), NOISY.mean(dim=(2, 3)))


def test_the_gradient_is_that_of_the_iterations():
    images = NOISY[:1, :1, :4, :4].clone().requires_grad_()
    assert torch.autograd.gradcheck(TotalVariation(0.05, 10).process, images)


def test_flat_images_have_finite_gradients():
    images = torch.full((1, 1, 6, 6), 0.5, requires_grad=True)
    (gradient,) = torch.autograd.grad(TotalVariation()(images).square().sum(), images)
    assert gradient.isfinite().all()
    assert gradient.any()


@pytest.mark.parametrize("weight", [0, -0.1, float("nan"), float("inf")])
def test_a_weight_that_is_not_positive_is_named(weight):
    with pytest.raises(InputError, match=f"weight must be a positive number, got {weight}: 0 would change nothing"):
        TotalVariation(weight)


@pytest.mark.parametrize("iterations", [0, -1, 2.5, True])
def test_iterations_below_one_are_named(iterations):
    with pytest.raises(InputError, match=f"iterations must be a whole number from 1 on, got {iterations}"):
        TotalVariation(0.1, iterations)
