"""Tests of burnish.defences.preprocessing.denoising_autoencoder."""

import pytest
import torch

from burnish.common.errors import InputError
from burnish.defences.preprocessing.denoising_autoencoder import DenoisingAutoencoder

SEED = torch.Generator().manual_seed(0)


def denoiser(channels=1):
    torch.manual_seed(0)
    return DenoisingAutoencoder(channels, width=4)


@pytest.mark.parametrize("size", [(1, 1), (5, 8), (28, 28)])
def test_every_size_keeps_its_shape_and_bounds(size):
    out = denoiser(3)(torch.rand(2, 3, *size, generator=SEED))
    assert out.shape == (2, 3, *size)
    assert 0 <= out.min() <= out.max() <= 1


def test_only_the_cut_parts_it_from_the_reconstruction():
    images = torch.rand(2, 1, 8, 8, generator=SEED)
    model = denoiser()
    with torch.no_grad():
        model.decoder[-1].bias.fill_(0.5)
        assert model.reconstruct(images).max() > 1
        assert torch.equal(model(images), model.reconstruct(images).clamp(0, 1))


def test_without_a_correction_the_image_stays():
    images = torch.rand(2, 1, 8, 8, generator=SEED)
    model = denoiser()
    torch.nn.init.zeros_(model.decoder[-1].weight)
    torch.nn.init.zeros_(model.decoder[-1].bias)
    assert torch.equal(model(images), images)


def test_its_gradient_is_its_own():
    images = (0.3 + 0.4 * torch.rand(1, 1, 4, 4, generator=SEED)).double().requires_grad_()
    assert torch.autograd.gradcheck(denoiser().double().process, images)
    assert not DenoisingAutoencoder.gradient_vanishes


def test_it_starts_in_evaluation_mode():
    assert not any(module.training for module in denoiser().modules())


@pytest.mark.parametrize(("channels", "width", "message"), [(0, 4, "in_channels"), (1, 0, "width")])
def test_numbers_below_one_are_named(channels, width, message):
    with pytest.raises(InputError, match=f"{message} must be at least 1, got 0"):
        DenoisingAutoencoder(channels, width)
