"""What the mobile families share: convolution with normalisation, rounded widths, strides for small images."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import nn

from burnish.common.errors import InputError
from burnish.layers.undrawn import undrawn
from burnish.models.image_model import Level
from burnish.models.input_size import is_small


def convolution(in_channels: int, out_channels: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> nn.Conv2d:
    """A convolution without bias that keeps the size at stride 1, its weights N(0, 2 / fan_out).

    Source: He et al. 2015, arXiv:1502.01852, eq. 14. Fan-out counts the outputs of one group, as the TensorFlow code
    of EfficientNet does; counting those of all groups leaves depthwise weights too small by the root of their number.
    """
    layer: nn.Conv2d = undrawn(
        nn.Conv2d, in_channels, out_channels, kernel, stride, padding=kernel // 2, groups=groups, bias=False
    )
    nn.init.normal_(layer.weight, std=(2 * groups / (kernel * kernel * out_channels)) ** 0.5)
    return layer


def conv_norm(
    in_channels: int,
    out_channels: int,
    kernel: int = 1,
    stride: int = 1,
    groups: int = 1,
    *,
    activation: Callable[..., nn.Module] | None,
    norm: Callable[[int], nn.Module] = nn.BatchNorm2d,
) -> nn.Sequential:
    """:func:`convolution`, normalisation and (in place) activation, named 0, 1 and 2."""
    layers = [convolution(in_channels, out_channels, kernel, stride, groups), norm(out_channels)]
    return nn.Sequential(*layers, *([] if activation is None else [activation(inplace=True)]))


def divisible(channels: float, divisor: int = 8) -> int:
    """The nearest multiple of a divisor that is not more than a tenth below: how the authors' code rounds widths.

    >>> divisible(32 * 1.1), divisible(24 * 0.5), divisible(3)
    (32, 16, 8)
    """
    rounded = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * channels else rounded


def check_width(width: float) -> None:
    """Refuse a width multiplier that is not positive.

    Raises:
        InputError: ``width`` is 0 or less.
    """
    if not width > 0:
        raise InputError(f"width must be greater than 0, got {width}: it multiplies the channels of every layer")


def adapted_strides(
    name: str, strides: Sequence[int], stem: str, input_size: tuple[int, int]
) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """The strides to use for images of a size, and what to tell the user about them.

    For small images the first two strides of 2 become 1, so that 32x32 pixels end as 4x4 positions instead of one.

    Args:
        name: of the model.
        strides: as published.
        stem: ``imagenet``, ``small``, or ``auto``, which goes by the size.
        input_size: of the images.
    """
    if stem == "imagenet" or (stem == "auto" and not is_small(input_size)):
        return tuple(strides), ()
    first, second = [position for position, stride in enumerate(strides) if stride == 2][:2]
    kept = tuple(1 if position in (first, second) else stride for position, stride in enumerate(strides))
    size = f"{input_size[0]}x{input_size[1]}"
    return kept, (f"{name} leaves out its first two strides for {size} images (stem=imagenet keeps them)",)


def pyramid_levels(
    strides: Sequence[int], channels: Sequence[int], names: Sequence[str]
) -> tuple[tuple[int, ...], tuple[Level, ...]]:
    """Position and level of the deepest layer at each resolution.

    Args:
        strides: of each layer.
        channels: that each layer gives.
        names: of the stage each layer belongs to.

    >>> pyramid_levels((2, 1, 2), (8, 16, 32), ("stem", "stage1", "stage2"))[0]
    (1, 2)
    """
    found: dict[int, int] = {}
    total = 1
    for position, stride in enumerate(strides):
        total *= stride
        found[total] = position
    levels = tuple(Level(names[position], channels[position], total) for total, position in found.items())
    return tuple(found.values()), levels


def stage_names(names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The layers ``features.N`` of each stage, from the stage of each layer."""
    found: dict[str, tuple[str, ...]] = {}
    for position, name in enumerate(names):
        found[name] = (*found.get(name, ()), f"features.{position}")
    return found
