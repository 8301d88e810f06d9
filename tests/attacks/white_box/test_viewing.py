"""Tests of burnish.attacks.white_box.viewing."""

import pytest
import torch

from burnish.attacks.white_box.viewing import PRINTED_AND_PHOTOGRAPHED, Blur, Brightness, Noise, Scale
from burnish.common.errors import InputError

IMAGES = torch.rand(16, 3, 12, 10, generator=torch.Generator().manual_seed(0)) * 0.5 + 0.25


def draw(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("change", PRINTED_AND_PHOTOGRAPHED, ids=lambda change: type(change).__name__)
def test_every_image_is_changed_in_its_own_way_by_the_generator_alone(change):
    state = torch.get_rng_state()
    same = IMAGES[:1].expand(6, -1, -1, -1)
    made = change(same, draw())
    assert made.shape == same.shape
    assert (made[0] - same[0]).abs().max() > 1e-3
    assert (made[0] - made[1]).abs().max() > 1e-3
    assert torch.equal(made, change(same, draw()))
    assert not torch.equal(made, change(same, draw(1)))
    assert torch.equal(torch.get_rng_state(), state)
    assert made.min() >= 0
    assert made.max() <= 1


@pytest.mark.parametrize("change", PRINTED_AND_PHOTOGRAPHED, ids=lambda change: type(change).__name__)
def test_gradients_go_through(change):
    images = IMAGES.double().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: change(x, draw()), images[:1, :1, :4, :4])


@pytest.mark.parametrize("change", [Blur(0.0), Scale(1.0, 0.0, 0.0), Noise(0.0), Brightness(0.0, 0.0)])
def test_a_range_of_nothing_changes_nothing(change):
    assert torch.allclose(change(IMAGES, draw()), IMAGES, atol=1e-5)


def test_a_blur_keeps_grey_grey_and_takes_contrast():
    grey = torch.full((4, 3, 9, 9), 0.3)
    assert torch.allclose(Blur(2.0)(grey, draw()), grey, atol=1e-6)
    made = Blur(2.0)(IMAGES, draw())
    contrast = made.flatten(1).std(dim=1) / IMAGES.flatten(1).std(dim=1)
    assert contrast.max() <= 1 + 1e-6  # a sigma near 0 takes none
    assert contrast.min() < 0.3
    assert (made[0] - IMAGES[0]).mean().abs() < 0.02


def test_a_blur_does_not_mix_channels_or_images():
    images = torch.zeros(2, 3, 21, 21)
    images[1, 2, 10, 10] = 1.0
    made = Blur(1.5)(images, draw())
    assert made[1, 2].sum() == pytest.approx(1.0, abs=1e-5)
    assert made.sum() == pytest.approx(1.0, abs=1e-5)


def test_scaling_enlarges_and_shrinks_about_the_middle():
    disc = (((torch.arange(33.0) - 16)[:, None] ** 2 + (torch.arange(33.0) - 16) ** 2) < 64).float()
    made = Scale(1.5, 0.0, 0.0)(disc.expand(200, 1, 33, 33), draw())
    area = made.sum(dim=(1, 2, 3)) / disc.sum()
    assert area.min() == pytest.approx(1.5**-2, abs=0.05)
    assert area.max() == pytest.approx(1.5**2, abs=0.1)
    assert area.log().mean().abs() < 4 * area.log().std() / 200**0.5  # as often smaller as larger
    middle = made[:, 0, 16, 16]
    assert torch.allclose(middle, torch.ones(200), atol=1e-4)


def test_turning_keeps_shapes_as_they_are():
    images = torch.zeros(100, 1, 21, 21)
    images[:, :, 10, 18] = 1.0  # eight pixels to the right of the middle
    made = Scale(1.0, 20.0, 0.0)(images, draw())
    row = (made.sum(dim=3) * torch.arange(21.0)).sum(dim=2)[:, 0] / made.sum(dim=(1, 2, 3))
    column = (made.sum(dim=2) * torch.arange(21.0)).sum(dim=2)[:, 0] / made.sum(dim=(1, 2, 3))
    radius = ((row - 10) ** 2 + (column - 10) ** 2).sqrt()
    assert torch.allclose(radius, torch.full((100,), 8.0), atol=0.15)
    assert (row - 10).abs().max() == pytest.approx(8 * torch.tensor(20.0).deg2rad().sin().item(), abs=0.3)


def test_the_deviation_of_noise_goes_up_to_the_largest():
    grey = torch.full((300, 1, 20, 20), 0.5)
    deviation = (Noise(0.1)(grey, draw()) - grey).flatten(1).std(dim=1)
    assert deviation.max() == pytest.approx(0.1, abs=0.01)
    assert deviation.mean() == pytest.approx(0.05, abs=4 * 0.1 / 12**0.5 / 300**0.5)


def test_brightness_adds_and_contrast_stretches():
    made = Brightness(0.1, 0.0)(IMAGES, draw())
    added = made - IMAGES
    assert torch.allclose(added, added[:, :1, :1, :1].expand_as(added), atol=1e-6)
    assert 0.05 < added.abs().max() <= 0.1
    ratio = Brightness(0.0, 0.2)(IMAGES, draw()) / IMAGES
    assert torch.allclose(ratio, ratio[:, :1, :1, :1].expand_as(ratio), atol=1e-5)
    assert 0.1 < (ratio - 1).abs().max() <= 0.2


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Blur(-1.0), "largest must be 0 or more, got -1"),
        (lambda: Scale(0.5), "factor must be at least 1, got 0.5"),
        (lambda: Scale(degrees=-3.0), "degrees must be 0 or more, got -3"),
        (lambda: Brightness(contrast=-0.1), "contrast must be 0 or more, got -0.1"),
    ],
)
def test_ranges_that_cannot_be_are_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()
