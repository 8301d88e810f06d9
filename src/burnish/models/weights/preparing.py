"""How images must be prepared for weights, and the layer that does it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.layers.normalise import Normalise
from burnish.models.published import Preparation
from burnish.models.with_input import WithInput


def preparation(model: nn.Module) -> Preparation | None:
    """How images must be prepared for a model that has published weights; None where its weights do not say."""
    found = getattr(model, "preparation", None)
    return found if isinstance(found, Preparation) else None


def channel_statistics(prepared: Preparation, channels: int) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each channel, for any number of channels.

    One channel takes the average over those that the weights were trained with; more take theirs in turn, as the first
    convolution does (:func:`burnish.models.weights.channels.for_channels`).

    >>> channel_statistics(Preparation(mean=(0.25, 0.5, 0.75), std=(0.25, 0.25, 0.25)), 1)
    (tensor([0.5000]), tensor([0.2500]))
    """
    mean, std = torch.tensor(prepared.mean), torch.tensor(prepared.std)
    if channels == 1:
        return mean.mean(dim=0, keepdim=True), std.mean(dim=0, keepdim=True)
    turns = torch.arange(channels) % len(mean)
    return mean[turns], std[turns]


def with_preparation(model: nn.Module) -> WithInput:
    """A model with published weights, behind the normalisation that they were trained with: pixels in [0, 1] go in.

    Args:
        model: one that ``burnish.models.create(..., weights=...)`` gave, or that weights were loaded into.

    Raises:
        InputError: the model's weights do not say how images were prepared.

    >>> from burnish.models import create
    >>> model = create("resnet20")
    >>> model.preparation = Preparation(mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))
    >>> with_preparation(model).input.std
    tensor([0.2500, 0.2500, 0.2500])
    """
    from burnish.models.weights.channels import first_convolution

    prepared = preparation(model)
    if prepared is None:
        raise InputError(
            f"{type(model).__name__} does not know how its images were prepared: give it weights that do "
            "(torchvision:NAME, timm:NAME.TAG), or wrap it in WithInput(Normalise(mean, std), model) yourself"
        )
    first = model.get_submodule(first_convolution(model) or "")
    channels = first.in_channels if isinstance(first, nn.Conv2d) else len(prepared.mean)
    return WithInput(Normalise(*channel_statistics(prepared, channels)), model)


def from_timm(config: dict[str, Any]) -> Preparation:
    """The preparation that timm's ``config.json`` states.

    >>> from_timm({"pretrained_cfg": {"input_size": [3, 224, 224], "crop_pct": 0.95, "interpolation": "bicubic"}})
    Preparation(crop=224, resize=235, interpolation='bicubic', mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
    """
    stated = config.get("pretrained_cfg", config)
    usual = Preparation()
    crop = int(stated.get("input_size", (3, usual.crop, usual.crop))[-1])
    return Preparation(
        crop=crop,
        resize=math.floor(crop / float(stated.get("crop_pct") or 1.0)),
        interpolation=str(stated.get("interpolation") or usual.interpolation),
        mean=tuple(map(float, stated.get("mean") or usual.mean)),
        std=tuple(map(float, stated.get("std") or usual.std)),
    )


def from_run(weights: Path) -> Preparation | None:
    """The preparation of a run's ``model.safetensors``: its own training statistics, at the size it was trained on."""
    from safetensors import SafetensorError, safe_open

    try:
        sides = json.loads((weights.parent / "schema.json").read_text(encoding="utf-8"))["input_shape"][1:]
        with safe_open(weights, framework="pt") as file:
            mean, std = (tuple(file.get_tensor(f"input.{name}").tolist()) for name in ("mean", "std"))
    except (OSError, SafetensorError, ValueError, KeyError, TypeError):
        return None
    return Preparation(min(sides), min(sides), mean=mean, std=std) if len(sides) == 2 else None
