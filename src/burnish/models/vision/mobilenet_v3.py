"""MobileNet v3: small and large."""

from __future__ import annotations

from functools import partial
from typing import Literal, NamedTuple

from torch import Tensor, nn

from burnish.layers.squeeze_excite import SqueezeExcite
from burnish.models.image_model import ImageModel
from burnish.models.published import Preparation, Published
from burnish.models.pyramid import Pyramid
from burnish.models.registry import register
from burnish.models.vision.mobile_blocks import (
    adapted_strides,
    check_width,
    conv_norm,
    divisible,
    pyramid_levels,
    stage_names,
)


class _Block(NamedTuple):
    kernel: int
    wide: int
    channels: int
    squeeze: bool
    hard: bool
    """Hard-swish; ReLU where not."""
    stride: int


_LARGE = (
    _Block(3, 16, 16, False, False, 1), _Block(3, 64, 24, False, False, 2), _Block(3, 72, 24, False, False, 1),
    _Block(5, 72, 40, True, False, 2), _Block(5, 120, 40, True, False, 1), _Block(5, 120, 40, True, False, 1),
    _Block(3, 240, 80, False, True, 2), _Block(3, 200, 80, False, True, 1), _Block(3, 184, 80, False, True, 1),
    _Block(3, 184, 80, False, True, 1), _Block(3, 480, 112, True, True, 1), _Block(3, 672, 112, True, True, 1),
    _Block(5, 672, 160, True, True, 2), _Block(5, 960, 160, True, True, 1), _Block(5, 960, 160, True, True, 1),
)  # fmt: skip
"""Table 1 of the paper."""
_SMALL = (
    _Block(3, 16, 16, True, False, 2), _Block(3, 72, 24, False, False, 2), _Block(3, 88, 24, False, False, 1),
    _Block(5, 96, 40, True, True, 2), _Block(5, 240, 40, True, True, 1), _Block(5, 240, 40, True, True, 1),
    _Block(5, 120, 48, True, True, 1), _Block(5, 144, 48, True, True, 1), _Block(5, 288, 96, True, True, 2),
    _Block(5, 576, 96, True, True, 1), _Block(5, 576, 96, True, True, 1),
)  # fmt: skip
"""Table 2 of the paper."""

_norm = partial(nn.BatchNorm2d, eps=1e-3, momentum=0.01)


class Bottleneck(nn.Module):
    """An inverted residual with squeeze-and-excitation on its widest map: figure 4 of the paper.

    Changed: the squeezed width is a multiple of 8, as in the authors' code.
    """

    def __init__(self, in_channels: int, block: _Block, stride: int) -> None:
        super().__init__()
        activation = nn.Hardswish if block.hard else nn.ReLU
        wide, out_channels = block.wide, block.channels
        layers: list[nn.Module] = []
        if wide != in_channels:
            layers.append(conv_norm(in_channels, wide, activation=activation, norm=_norm))
        layers.append(conv_norm(wide, wide, block.kernel, stride, groups=wide, activation=activation, norm=_norm))
        if block.squeeze:
            squeezed = divisible(wide // 4)
            layers.append(SqueezeExcite(wide, squeezed, partial(nn.ReLU, inplace=True), nn.Hardsigmoid))
        layers.append(conv_norm(wide, out_channels, activation=None, norm=_norm))
        self.block = nn.Sequential(*layers)
        self.residual = stride == 1 and in_channels == out_channels

    def forward(self, x_BCHW: Tensor) -> Tensor:
        out_BCHW: Tensor = self.block(x_BCHW)
        if self.residual:
            out_BCHW += x_BCHW
        return out_BCHW


class MobileNetV3(ImageModel):
    """Inverted residuals with squeeze-and-excitation and hard-swish, found by search.

    Source: Howard et al. 2019, "Searching for MobileNetV3", arXiv:1905.02244, tables 1 and 2. Changed: the penultimate
    layer is linear on the pooled map, the same as the paper's 1x1 convolution.

    Args:
        size: ``small`` or ``large``.
        num_classes: outputs.
        in_channels: channels of the image.
        input_size: height and width; it decides the stem when that is ``auto``.
        width: multiplies the channels of every layer.
        dropout: before the classifier.
        stem: ``imagenet`` halves the image five times; ``small`` three times, and so 32x32 to 4x4.

    Shape:
        ``(B, in_channels, H, W)`` of any size to ``(B, num_classes)``.

    Raises:
        InputError: a width that is not positive.

    >>> sum(p.numel() for p in MobileNetV3("small", 1000, 3, (224, 224)).parameters())
    2542856
    """

    head_names = ("classifier.3",)

    def __init__(
        self,
        size: Literal["small", "large"],
        num_classes: int,
        in_channels: int,
        input_size: tuple[int, int],
        width: float = 1.0,
        dropout: float = 0.2,
        stem: Literal["auto", "imagenet", "small"] = "auto",
    ) -> None:
        super().__init__()
        check_width(width)
        table = _SMALL if size == "small" else _LARGE
        blocks = [
            block._replace(wide=divisible(block.wide * width), channels=divisible(block.channels * width))
            for block in table
        ]
        channels = [divisible(16 * width), *(block.channels for block in blocks), 6 * blocks[-1].channels]
        published_strides = (2, *(block.stride for block in blocks), 1)
        strides, self.notes = adapted_strides(f"mobilenet-v3-{size}", published_strides, stem, input_size)
        stage, self._stage_of = 0, ["stem"]
        for number, block in enumerate(blocks):
            stage += number == 0 or block.stride == 2
            self._stage_of.append(f"stage{stage}")
        self._stage_of.append("final")
        layers: list[nn.Module] = [
            conv_norm(in_channels, channels[0], 3, strides[0], activation=nn.Hardswish, norm=_norm)
        ]
        for position, block in enumerate(blocks, start=1):
            layers.append(Bottleneck(channels[position - 1], block, strides[position]))
        layers.append(conv_norm(channels[-2], channels[-1], activation=nn.Hardswish, norm=_norm))
        taps, self.levels = pyramid_levels(strides, channels, self._stage_of)
        self.features = Pyramid(layers, taps)
        hidden = divisible((1024 if size == "small" else 1280) * width)
        linears = nn.Linear(channels[-1], hidden), nn.Linear(hidden, num_classes)
        for linear in linears:
            self.initialise_head_(linear)
        self.classifier = nn.Sequential(
            linears[0], nn.Hardswish(inplace=True), nn.Dropout(dropout, inplace=True), linears[1]
        )

    def initialise_head_(self, head: nn.Linear) -> None:
        nn.init.normal_(head.weight, std=0.01)
        nn.init.zeros_(head.bias)

    def stages(self) -> dict[str, tuple[str, ...]]:
        return {**stage_names(self._stage_of), "head": ("classifier",)}

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return self.classifier(self.features(x_BCHW)[-1].mean(dim=(2, 3)))  # type: ignore[no-any-return]


_PAPER = "Howard et al. 2019, arXiv:1905.02244"


@register(
    "mobilenet-v3-small",
    kinds=("image",),
    paper=_PAPER,
    native_size=224,
    summary="the smallest of the MobileNets, found by search",
    published=(Published("torchvision:mobilenet_v3_small", "mobilenet_v3_small-047dcff4.pth"),),
)
def mobilenet_v3_small(
    num_classes: int,
    in_channels: int,
    input_size: tuple[int, int] | None,
    width: float = 1.0,
    dropout: float = 0.2,
    stem: Literal["auto", "imagenet", "small"] = "auto",
) -> nn.Module:
    """MobileNet v3, small."""
    return MobileNetV3("small", num_classes, in_channels, input_size or (224, 224), width, dropout, stem)


@register(
    "mobilenet-v3-large",
    kinds=("image",),
    paper=_PAPER,
    native_size=224,
    summary="the larger MobileNet v3, found by search",
    published=(
        Published("torchvision:mobilenet_v3_large", "mobilenet_v3_large-8738ca79.pth"),
        Published("torchvision:mobilenet_v3_large.v2", "mobilenet_v3_large-5c1a4163.pth", Preparation(resize=232)),
    ),
)
def mobilenet_v3_large(
    num_classes: int,
    in_channels: int,
    input_size: tuple[int, int] | None,
    width: float = 1.0,
    dropout: float = 0.2,
    stem: Literal["auto", "imagenet", "small"] = "auto",
) -> nn.Module:
    """MobileNet v3, large."""
    return MobileNetV3("large", num_classes, in_channels, input_size or (224, 224), width, dropout, stem)
