"""Tests of burnish.models.generative.gan."""

import pytest
import torch

from burnish.common.errors import InputError
from burnish.models import create


def test_images_lie_between_0_and_1():
    samples = create("gan", in_channels=3, input_size=(8, 6)).sample(5)
    assert samples.shape == (5, 3, 8, 6)
    assert samples.min() >= 0
    assert samples.max() <= 1


def test_points_have_their_features():
    assert create("gan", in_channels=7).sample(5).shape == (5, 7)


def test_a_generator_of_random_numbers_decides_the_samples():
    model = create("gan", in_channels=2)
    first, again, other = (model.sample(4, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_samples_carry_gradients_to_the_generator_alone():
    model = create("gan", in_channels=2)
    model.sample(4).sum().backward()
    assert all(parameter.grad is not None for parameter in model.generator.parameters())
    assert all(parameter.grad is None for parameter in model.discriminator.parameters())


def test_statistics_cancel_between_the_two_halves():
    torch.manual_seed(0)
    model = create("gan", in_channels=2)
    before = model(model.sample(4, torch.Generator().manual_seed(0)))
    model.set_statistics_(torch.tensor([5.0, -3.0]), torch.tensor([2.0, 0.5]))
    after = model(model.sample(4, torch.Generator().manual_seed(0)))
    torch.testing.assert_close(before, after)


def test_no_noise_is_refused():
    with pytest.raises(
        InputError, match="latent must be at least 1, got 0: it is the numbers of noise behind one sample"
    ):
        create("gan", latent=0)
