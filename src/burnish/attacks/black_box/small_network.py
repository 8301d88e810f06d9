"""The substitute that is trained where no architecture is named."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.layers.normalise import Normalise
from burnish.models.registry import create
from burnish.models.with_input import WithInput


def small_network(inputs: Tensor, num_classes: int) -> nn.Module:
    """A small convolutional network for images, a perceptron with two hidden layers for rows.

    The mean and standard deviation of the inputs go in front, so that raw inputs go in.

    Args:
        inputs: ``(N, channels, height, width)`` or ``(N, features)``.
        num_classes: outputs.

    Raises:
        InputError: inputs of another kind.

    >>> small_network(torch.rand(4, 3), 2)(torch.rand(5, 3)).shape
    torch.Size([5, 2])
    """
    along = [d for d in range(inputs.ndim) if d != 1]
    mean, std = inputs.mean(along), inputs.std(along)
    std = torch.where(std > 1e-6, std, torch.ones_like(std))  # a channel that never varies carries nothing
    if inputs.ndim == 2:
        network = create("mlp", num_classes, in_channels=inputs.shape[1])
    elif inputs.ndim == 4:
        network = _convolutional(inputs.shape[1:], num_classes)
    else:
        raise InputError(
            f"there is a substitute for images (N, C, H, W) and rows (N, features), not for {tuple(inputs.shape)}: "
            "pass a module as model="
        )
    return WithInput(Normalise(mean, std), network)


def _convolutional(shape: torch.Size, num_classes: int) -> nn.Module:
    channels, *sides = shape
    height, width = (min(7, -(-side // 4)) for side in sides)  # 28x28 pixels end as 7x7, larger images too
    return nn.Sequential(
        nn.Conv2d(channels, 16, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2, ceil_mode=True),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.AdaptiveMaxPool2d((height, width)),
        nn.Flatten(),
        nn.Linear(32 * height * width, 128),
        nn.ReLU(),
        nn.Linear(128, num_classes),
    )
