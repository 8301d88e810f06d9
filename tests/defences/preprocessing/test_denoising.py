"""Tests of burnish.defences.preprocessing.denoising."""

import pytest
import torch

from burnish.common.errors import InputError
from burnish.data.batch import Batch
from burnish.data.schema import Schema
from burnish.data.source import TensorSource
from burnish.defences.preprocessing.denoising import Denoising, fit_denoiser


def bars(count, seed):
    """Images with one bright bar each, ``(count, 1, 12, 12)``, standing or lying."""
    random = torch.Generator().manual_seed(seed)
    places = torch.randint(1, 10, (count,), generator=random)
    images = 0.1 + 0.7 * ((torch.arange(12) - places[:, None]).abs() <= 1).float()[:, None, None, :].expand(
        -1, 1, 12, -1
    )
    return torch.where(torch.rand(count, 1, 1, 1, generator=random) < 0.5, images, images.mT).contiguous()


def equal(first, second):
    return all(torch.equal(value, second.state_dict()[name]) for name, value in first.state_dict().items())


@pytest.fixture(scope="module")
def fitted():
    return fit_denoiser(bars(400, 1), 0.15, 15, batch_size=32, width=8)


def test_it_removes_most_of_the_noise_from_images_that_it_never_saw(fitted):
    clean = bars(100, 2)
    noisy = (clean + 0.15 * torch.randn(clean.shape, generator=torch.Generator().manual_seed(3))).clamp(0, 1)
    before, after = (noisy - clean).square().mean(), (fitted(noisy) - clean).square().mean()
    assert after < 0.4 * before


def test_it_comes_back_in_evaluation_mode(fitted):
    assert not any(module.training for module in fitted.modules())


def test_the_same_seed_gives_the_same_weights_and_another_seed_others():
    images = bars(64, 1)
    first, again, other = (fit_denoiser(images, 0.3, 8, width=4, seed=seed) for seed in (0, 0, 1))
    assert equal(first, again)
    assert not equal(first, other)


def test_the_global_generators_stay_as_they_are():
    state = torch.get_rng_state()
    fit_denoiser(bars(64, 1), 0.3, 8, width=4)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_source_and_bytes_serve_as_well_and_labels_are_left_aside():
    images = (bars(64, 1) * 255).round().byte()
    from_bytes = fit_denoiser(images, 0.3, 8, width=4)
    from_source = fit_denoiser(TensorSource(images.float() / 255, torch.arange(64)), 0.3, 8, width=4)
    assert equal(from_bytes, from_source)


def test_the_noise_of_the_task_has_the_deviation_that_was_asked_for():
    task = Denoising(Schema("image", "generation", (1, 100, 100)), 0.05)
    grey = torch.full((10, 1, 100, 100), 0.5)
    noise = task.noisy(grey) - grey
    assert noise.std().item() == pytest.approx(0.05, abs=6 * 0.05 / (2 * 1e5) ** 0.5)  # 6 standard errors
    assert not torch.equal(task.noisy(grey) - grey, noise)


def test_the_loss_is_one_number_an_image():
    task = Denoising(Schema("image", "generation", (1, 2, 2)), 0.1)
    batch = Batch(torch.zeros(2, 1, 2, 2), None, torch.arange(2))
    assert task.loss(torch.tensor([0.0, 2.0]).view(2, 1, 1, 1).expand(2, 1, 2, 2), batch).tolist() == [0, 4]


def test_one_that_learned_nothing_is_an_error():
    with pytest.raises(InputError, match=r"the denoiser leaves a squared error of .* where the noise made .*: give it"):
        fit_denoiser(bars(32, 1), 0.01, 1, learning_rate=1e-6)


@pytest.mark.parametrize("noise_std", [0, -0.1, float("nan")])
def test_noise_that_is_not_positive_is_named(noise_std):
    with pytest.raises(InputError, match=f"noise_std must be a positive number, got {noise_std}"):
        fit_denoiser(bars(8, 1), noise_std)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (torch.zeros(0, 1, 4, 4), "there are no images to learn from"),
        (torch.zeros(8, 16), r"fit_denoiser needs images \(N, C, H, W\), got shape \(1, 16\)"),
        (torch.full((8, 1, 4, 4), 200.0), r"fit_denoiser needs pixels in \[0, 1\], got values from 200"),
        (torch.zeros(8, 1, 4, 4, dtype=torch.int64), r"fit_denoiser needs float images in \[0, 1\], got int64"),
    ],
)
def test_what_is_no_image_is_named(images, message):
    with pytest.raises(InputError, match=message):
        fit_denoiser(images)


def test_one_image_out_of_bounds_among_many_is_found():
    images = bars(64, 1)
    images[37] = 2
    with pytest.raises(InputError, match=r"pixels in \[0, 1\], got values from .* to 2"):
        fit_denoiser(images)
