"""Train a denoising autoencoder on any images."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.common.module_state import evaluating
from burnish.common.seeding import derive_seed, generator, preserved_rng, seed_everything
from burnish.data.batch import Batch
from burnish.data.loaders.loader import make_loader
from burnish.data.schema import Schema
from burnish.data.source import Source, TensorSource
from burnish.defences.preprocessing.denoising_autoencoder import DenoisingAutoencoder
from burnish.defences.preprocessing.preprocessing import check_images
from burnish.tasks.task import Task
from burnish.training.defaults import resolve_options
from burnish.training.engine import Engine
from burnish.training.options import TrainingOptions


def fit_denoiser(
    images: Tensor | Source,
    noise_std: float = 0.1,
    epochs: int = 10,
    *,
    width: int = 16,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    seed: int = 0,
    device: torch.device | None = None,
) -> DenoisingAutoencoder:
    """Teach a :class:`~burnish.defences.preprocessing.denoising_autoencoder.DenoisingAutoencoder` to undo noise.

    Source: Vincent et al. 2008, ICML, section 2.3, with normal noise and squared error (Vincent et al. 2010, JMLR 11,
    section 3.3); noisy images are cut to [0, 1].

    Args:
        images: clean ones ``(samples, C, H, W)``, floats in [0, 1] or bytes; or a source of them, whose targets are
            left aside.
        noise_std: standard deviation of the noise, in units of a pixel value.
        epochs: passes over the images.
        width: of the network.
        batch_size: images an update; by default the engine's choice for so much data.
        learning_rate: peak of the one-cycle schedule; by default the engine's.
        seed: of weights, order and noise. The global generators stay as they are.
        device: where to train, and where the result is; the CPU by default.

    Returns:
        The network, in evaluation mode.

    Raises:
        InputError: no images, a number that cannot be, or a result that leaves more error than it found.

    >>> denoiser = fit_denoiser(torch.rand(32, 1, 1, 1).expand(-1, -1, 8, 8), epochs=15)
    >>> denoiser.training
    False
    """
    if not 0 < noise_std < math.inf:
        raise InputError(f"noise_std must be a positive number, got {noise_std}: 0.1 is usual for pixels in [0, 1]")
    source = images if isinstance(images, Source) else TensorSource(images)
    if len(source) == 0:
        raise InputError("there are no images to learn from: the source is empty")
    example = source.gather(torch.arange(1))[0]
    check_images(example, "fit_denoiser")
    schema = Schema("image", "generation", tuple(example.shape[1:]))
    options = TrainingOptions(epochs=epochs, batch_size=batch_size, learning_rate=learning_rate, seed=seed)
    options = resolve_options(options, schema, Denoising.name, len(source))
    device = device or torch.device("cpu")
    with preserved_rng():
        seed_everything(derive_seed(seed, "denoiser"))
        denoiser = DenoisingAutoencoder(example.shape[1], width).to(device)
        task = Denoising(schema, noise_std, seed)
        batches = make_loader(source, options.batch_size or 0, shuffle=True, seed=seed, device=device)
        denoiser.train()
        Engine(denoiser, task, batches, options, device=device).fit()
        denoiser.eval()
        _check_that_noise_went(denoiser, task, next(batches.batches(0)))
    return denoiser


class Denoising(Task):
    """Give back clean images from noisy ones; every forward draws its noise anew, from a generator of its own.

    Args:
        schema: of the images.
        noise_std: standard deviation of the noise.
        seed: of the noise.
    """

    name = "denoising"

    def __init__(self, schema: Schema, noise_std: float, seed: int = 0) -> None:
        super().__init__(schema)
        self.noise_std = noise_std
        self._generator = generator(seed, "denoising-noise")

    def noisy(self, images: Tensor) -> Tensor:
        """Images with noise, cut to [0, 1]."""
        noise = torch.randn(images.shape, generator=self._generator).to(images)
        return (images + self.noise_std * noise).clamp(0, 1)

    def forward(self, model: nn.Module, batch: Batch) -> Tensor:
        """The reconstruction ``(batch, C, H, W)`` of noisy images, not cut."""
        check_images(batch.inputs, "fit_denoiser")
        inner: Any = model
        reconstruction: Tensor = inner.reconstruct(self.noisy(batch.inputs))
        return reconstruction

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        """Squared error to the clean images, the mean over an image, ``(batch,)``."""
        errors: Tensor = (output - batch.inputs).square().flatten(1)
        return errors.mean(dim=1)


def _check_that_noise_went(denoiser: DenoisingAutoencoder, task: Denoising, batch: Batch) -> None:
    noisy = task.noisy(batch.inputs)
    with evaluating(denoiser):
        after = task.loss(denoiser(noisy), batch).mean().item()
    before = task.loss(noisy, batch).mean().item()
    if after >= before:
        raise InputError(
            f"the denoiser leaves a squared error of {after:.3g} where the noise made {before:.3g}: "
            "give it more epochs, more images or more noise"
        )
