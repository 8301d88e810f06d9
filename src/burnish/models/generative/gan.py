"""A small generative adversarial network, for points and small images."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.layers.denormalise import Denormalise
from burnish.layers.normalise import Normalise
from burnish.models.foundations.mlp import MLP
from burnish.models.registry import register


class GAN(nn.Module):
    """A generator that turns noise into samples, and a discriminator that scores how real a sample looks.

    Source: Goodfellow et al. 2014, "Generative adversarial nets", arXiv:1406.2661, section 3. Both halves are
    multi-layer perceptrons. Samples have the scale of the data: images lie in [0, 1], points have the mean and
    deviation that :meth:`set_statistics_` took.

    Args:
        shape: shape of one sample: ``(features,)`` or ``(channels, height, width)``.
        latent: numbers of noise behind one sample.
        hidden: width of each hidden layer of either half.

    Shape:
        samples ``(batch, *shape)`` to the discriminator's logits ``(batch, 1)``, positive for real.

    Raises:
        InputError: ``latent`` below 1.

    >>> GAN((2,), latent=4, hidden=(8,)).sample(3).shape
    torch.Size([3, 2])
    """

    def __init__(self, shape: tuple[int, ...], latent: int = 16, hidden: Sequence[int] = (128, 128)) -> None:
        super().__init__()
        if latent < 1:
            raise InputError(f"latent must be at least 1, got {latent}: it is the numbers of noise behind one sample")
        self.latent = latent
        channels, is_image = shape[0], len(shape) > 1
        width = torch.Size(shape).numel()
        neutral = [0.0] * channels, [1.0] * channels
        self.generator = nn.Sequential(
            OrderedDict(
                mlp=MLP(width, latent, hidden, "leaky-relu"),
                shape=nn.Unflatten(1, shape) if is_image else nn.Identity(),
                scale=nn.Sigmoid() if is_image else Denormalise(*neutral),
            )
        )
        self.discriminator = nn.Sequential(
            OrderedDict(normalise=Normalise(*neutral), mlp=MLP(1, width, hidden, "leaky-relu"))
        )

    def forward(self, samples: Tensor) -> Tensor:
        return self.discriminator(samples)  # type: ignore[no-any-return]

    def noise(self, count: int, generator: torch.Generator | None = None) -> Tensor:
        """Noise ``(count, latent)``, standard normal, on the device of the weights."""
        weight = next(self.generator.parameters())
        source = weight.device if generator is None else generator.device
        return torch.randn(count, self.latent, generator=generator, device=source).to(weight)

    def sample(self, count: int, generator: torch.Generator | None = None) -> Tensor:
        """Samples ``(count, *shape)``, with gradients to the generator where they are on."""
        return self.generator(self.noise(count, generator))  # type: ignore[no-any-return]

    def set_statistics_(self, mean: Tensor, std: Tensor) -> None:
        """Take the training split's statistics ``(channels,)`` into both halves, so that they meet in data space."""
        for module in self.modules():
            if isinstance(module, Normalise | Denormalise):
                module.mean.copy_(mean)
                module.std.copy_(std)


@register(
    "gan",
    kinds=("points", "image"),
    paper="Goodfellow et al. 2014, arXiv:1406.2661",
    task="gan",
    summary="two perceptrons against each other; makes samples",
)
def gan(
    num_classes: int,
    in_channels: int,
    input_size: tuple[int, int] | None,
    latent: int = 16,
    hidden: Sequence[int] = (128, 128),
) -> nn.Module:
    """A GAN over points, or over images where a size is given."""
    return GAN((in_channels, *(input_size or ())), latent, hidden)
