"""The first convolution for images with another number of channels."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from burnish.models.image_model import ImageModel


def first_convolution(model: nn.Module) -> str | None:
    """Name of the convolution that sees the image; None where there is none, or it sees its channels in groups."""
    stem = next(iter(model.stages().values())) if isinstance(model, ImageModel) else ("",)
    for name, module in model.named_modules():
        in_stem = any(name == part or not part or name.startswith(f"{part}.") for part in stem)
        if isinstance(module, nn.Conv2d) and in_stem:
            return name if module.groups == 1 else None
    return None


def for_channels(weight: Tensor, channels: int) -> Tensor:
    """The weights of a first convolution for another number of channels.

    For one channel they are summed: a grey image gives what it gave as a colour image, the same in every channel. For
    more they are repeated in turn and scaled by old / new. Either way the sum over the channels stays, nearly so where
    new is no multiple of old, so that channels that agree, as those of pictures mostly do, give activations of the same
    size as before; the layers behind are trained for that size.

    Args:
        weight: ``(out, old, kh, kw)``.
        channels: the new number.

    Returns:
        ``(out, channels, kh, kw)``.

    >>> for_channels(torch.tensor([1.0, 2.0, 3.0]).view(1, 3, 1, 1), 1).flatten().tolist()
    [6.0]
    >>> for_channels(torch.tensor([1.0, 2.0, 3.0]).view(1, 3, 1, 1), 6).flatten().tolist()
    [0.5, 1.0, 1.5, 0.5, 1.0, 1.5]
    """
    old = weight.shape[1]
    if channels == old:
        return weight
    if channels == 1:
        return weight.sum(dim=1, keepdim=True)
    turns = torch.arange(channels, device=weight.device) % old
    return weight[:, turns] * (old / channels)
