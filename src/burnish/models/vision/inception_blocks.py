"""What the Inception networks share: the convolution unit, branches side by side, the stem for small images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.layers.conv_arithmetic import Window, output_size, smallest_input
from burnish.models.image_model import Level
from burnish.models.input_size import check_smallest, is_small

Kernel = int | tuple[int, int]
BuiltStem = Literal["imagenet", "small"]
Stem = Literal["auto", "imagenet", "small"]

REDUCTION = Window(3, stride=2)
"""What both reductions of Inception v3, v4 and Inception-ResNet v2 do to the maps: no padding."""

STEMS = {
    "imagenet": (Window(3, 2), Window(3), Window(3, padding=1), Window(3, 2), Window(3), Window(3, 2)),
    "small": (Window(3, 2, padding=1),),
}
"""The windows of the stems of Inception v3, v4 and Inception-ResNet v2 that change the size of the maps."""


class ConvUnit(nn.Module):
    """Convolution, batch normalisation, ReLU.

    Source: Ioffe and Szegedy 2015, "Batch Normalization", arXiv:1502.03167, section 3.2: normalisation between the
    convolution and its nonlinearity. Weights start uniform, with the variance of He et al. 2015
    (arXiv:1502.01852), eq. 10.

    Args:
        in_channels: channels in.
        out_channels: channels out.
        kernel: odd side of the filter, or height and width of it.
        stride: of the filter.
        valid: no padding, so that the maps shrink; without it a stride of 1 keeps their size.
        bias: of the convolution, which the normalisation cancels.
        eps: added to the variance.

    Shape:
        ``(B, in_channels, H, W)`` to ``(B, out_channels, H', W')``.

    >>> ConvUnit(3, 8, (1, 7))(torch.zeros(2, 3, 5, 9)).shape
    torch.Size([2, 8, 5, 9])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: Kernel,
        *,
        stride: int = 1,
        valid: bool = False,
        bias: bool = False,
        eps: float = 1e-3,
    ) -> None:
        super().__init__()
        height, width = (kernel, kernel) if isinstance(kernel, int) else kernel
        padding = (0, 0) if valid else (height // 2, width // 2)
        self.conv = nn.Conv2d(in_channels, out_channels, (height, width), stride, padding, bias=bias)
        self.bn = nn.BatchNorm2d(out_channels, eps=eps)
        self.relu = nn.ReLU(inplace=True)
        # torch has drawn from U(-b, b), b = 1 / sqrt(fan_in): this gives a uniform He's variance, 2 / fan_in, without a
        # second draw, half of the time it takes to build the largest of these networks.
        with torch.no_grad():
            self.conv.weight.mul_(6**0.5)
        if self.conv.bias is not None:
            nn.init.zeros_(self.conv.bias)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return self.relu(self.bn(self.conv(x_BCHW)))  # type: ignore[no-any-return]


class Concatenated(nn.Module):
    """Branches that all see the input; their channels side by side.

    Source: Szegedy et al. 2014, "Going deeper with convolutions", arXiv:1409.4842, figure 2.

    Args:
        branches: by name, in the order of their channels.

    Shape:
        ``(B, C, H, W)`` to ``(B, sum of the branches' channels, H', W')``.

    >>> Concatenated(one=nn.Conv2d(3, 4, 1), pool=nn.MaxPool2d(1))(torch.zeros(2, 3, 5, 5)).shape
    torch.Size([2, 7, 5, 5])
    """

    def __init__(self, **branches: nn.Module) -> None:
        super().__init__()
        for name, branch in branches.items():
            self.add_module(name, branch)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return torch.cat([branch(x_BCHW) for branch in self.children()], dim=1)


def chain(in_channels: int, *layers: tuple[int, Kernel], reduce: bool = False) -> nn.Sequential:
    """Convolution units in a row, ``(channels, kernel)`` each; ``reduce`` gives the last stride 2 without padding.

    >>> chain(8, (4, 1), (6, 3), reduce=True)(torch.zeros(1, 8, 7, 7)).shape
    torch.Size([1, 6, 3, 3])
    """
    units = []
    for position, (out_channels, kernel) in enumerate(layers, start=1):
        last = reduce and position == len(layers)
        units.append(ConvUnit(in_channels, out_channels, kernel, stride=2 if last else 1, valid=last))
        in_channels = out_channels
    return nn.Sequential(*units)


def pooled(in_channels: int, out_channels: int) -> nn.Sequential:
    """The mean over 3x3 pixels, those outside the image left out, and a 1x1 unit.

    >>> pooled(8, 4)[0](torch.ones(1, 8, 3, 3)).unique().item()
    1.0
    """
    return nn.Sequential(nn.AvgPool2d(3, 1, 1, count_include_pad=False), ConvUnit(in_channels, out_channels, 1))


def stem_for(name: str, stem: Stem, input_size: tuple[int, int]) -> BuiltStem:
    """The stem that ``auto`` stands for: the small one where images are small, or too small for the published one.

    Raises:
        InputError: the images are too small for the stem.

    >>> stem_for("inception-v3", "auto", (32, 32)), stem_for("inception-v3", "auto", (299, 299))
    ('small', 'imagenet')
    """
    if stem == "auto":
        small = is_small(input_size) or min(input_size) < _smallest("imagenet")
        stem = "small" if small else "imagenet"
    check_smallest(name, input_size, _smallest(stem))
    return stem


def stem_note(name: str, input_size: tuple[int, int]) -> str:
    """What a model with the small stem has to say."""
    least = _smallest("imagenet")
    return (
        f"{name} takes a stem of stride 2 for {input_size[0]}x{input_size[1]} images "
        f"(stem=imagenet keeps the published one of stride 8, for {least}x{least} and more)"
    )


def levels_of(widths: dict[str, int], stem: BuiltStem) -> tuple[Level, ...]:
    """The pyramid of a network whose resolution halves from each of ``widths`` (channels by name) to the next.

    The first lies at stride 2; with the small stem, which has the resolution of the image up to the second, it is no
    level.

    >>> levels_of({"a": 4, "b": 8}, "small"), len(levels_of({"a": 4, "b": 8}, "imagenet"))
    ((Level(name='b', channels=8, stride=1),), 2)
    """
    small = stem == "small"
    found = list(widths.items())[1 if small else 0 :]
    return tuple(Level(name, width, (1 if small else 2) << step) for step, (name, width) in enumerate(found))


def middle_size(stem: BuiltStem, side: int) -> int:
    """Side of the maps between the two reductions.

    >>> middle_size("imagenet", 299), middle_size("small", 32)
    (17, 7)
    """
    return output_size(side, *STEMS[stem], REDUCTION)


def _smallest(stem: BuiltStem) -> int:
    return smallest_input(*STEMS[stem], REDUCTION, REDUCTION)


def three_counts(name: str, blocks: Sequence[int]) -> tuple[int, int, int]:
    """How many blocks of each of the three kinds a network has.

    Raises:
        InputError: these are not three positive numbers.

    >>> three_counts("inception-v4", [4, 7, 3])
    (4, 7, 3)
    """
    if len(blocks) != 3 or min(blocks) < 1:
        raise InputError(f"blocks of {name} must be three positive numbers, one a kind, got {tuple(blocks)}")
    return blocks[0], blocks[1], blocks[2]
