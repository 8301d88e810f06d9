"""MobileNet v2."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from burnish.models.image_model import ImageModel
from burnish.models.published import Preparation, Published
from burnish.models.pyramid import Pyramid
from burnish.models.registry import register
from burnish.models.vision.mobile_blocks import (
    adapted_strides,
    check_width,
    conv_norm,
    convolution,
    divisible,
    pyramid_levels,
    stage_names,
)

_STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
"""Expansion, channels, blocks and stride of each stage: table 2 of the paper."""


class InvertedResidual(nn.Module):
    """Widen by 1x1, filter each channel by 3x3, narrow by 1x1 without activation: figure 3b of the paper.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output; the input is added where nothing changes its shape.
        stride: of the 3x3 convolution.
        expansion: how much wider the middle is; at 1 there is no first layer.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = in_channels * expansion
        widen = [] if expansion == 1 else [conv_norm(in_channels, wide, activation=nn.ReLU6)]
        self.conv = nn.Sequential(
            *widen,
            conv_norm(wide, wide, 3, stride, groups=wide, activation=nn.ReLU6),
            convolution(wide, out_channels),
            nn.BatchNorm2d(out_channels),
        )
        self.residual = stride == 1 and in_channels == out_channels

    def forward(self, x_BCHW: Tensor) -> Tensor:
        out_BCHW: Tensor = self.conv(x_BCHW)
        if self.residual:
            out_BCHW += x_BCHW
        return out_BCHW


def _timm_names() -> tuple[tuple[str, str], ...]:
    """Timm counts the blocks of each stage from 0, torchvision all of them from 1."""
    narrow = {"conv_dw": "0.0", "bn1": "0.1", "conv_pw": "1", "bn2": "2"}
    wide = {"conv_pw": "0.0", "bn1": "0.1", "conv_dw": "1.0", "bn2": "1.1", "conv_pwl": "2", "bn3": "3"}
    pairs = [("conv_stem", "features.0.0"), ("bn1", "features.0.1")]
    position = 1
    for stage, (expansion, _, blocks, _) in enumerate(_STAGES):
        for block in range(blocks):
            for theirs, ours in (narrow if expansion == 1 else wide).items():
                pairs.append((rf"blocks\.{stage}\.{block}\.{theirs}", f"features.{position}.conv.{ours}"))
            position += 1
    pairs += [("conv_head", f"features.{position}.0"), ("bn2", f"features.{position}.1")]
    return (
        *((rf"{theirs}\.(\w+)", rf"{ours}.\1") for theirs, ours in pairs),
        (r"classifier\.(\w+)", r"classifier.1.\1"),
    )


class MobileNetV2(ImageModel):
    """Seventeen inverted residual blocks between a 3x3 stem and a 1x1 convolution.

    Source: Sandler et al. 2018, "MobileNetV2: Inverted Residuals and Linear Bottlenecks", arXiv:1801.04381, table 2.

    Args:
        num_classes: outputs.
        in_channels: channels of the image.
        input_size: height and width; it decides the stem when that is ``auto``.
        width: multiplies the channels of every layer; the last convolution never gets narrower than 1280.
        dropout: before the classifier.
        stem: ``imagenet`` halves the image five times; ``small`` three times, and so 32x32 to 4x4.

    Shape:
        ``(B, in_channels, H, W)`` of any size to ``(B, num_classes)``.

    Raises:
        InputError: a width that is not positive.

    >>> sum(p.numel() for p in MobileNetV2(1000, 3, (224, 224)).parameters())
    3504872
    """

    head_names = ("classifier.1",)
    renames = _timm_names()

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        input_size: tuple[int, int],
        width: float = 1.0,
        dropout: float = 0.2,
        stem: Literal["auto", "imagenet", "small"] = "auto",
    ) -> None:
        super().__init__()
        check_width(width)
        blocks = [
            (expansion, divisible(channels * width), stride if first else 1, f"stage{stage}")
            for stage, (expansion, channels, repeats, stride) in enumerate(_STAGES, start=1)
            for first in (True, *[False] * (repeats - 1))
        ]
        channels = [divisible(32 * width), *(block[1] for block in blocks), divisible(1280 * max(1.0, width))]
        strides, self.notes = adapted_strides("mobilenet-v2", (2, *(block[2] for block in blocks), 1), stem, input_size)
        self._stage_of = ("stem", *(block[3] for block in blocks), "final")
        layers: list[nn.Module] = [conv_norm(in_channels, channels[0], 3, strides[0], activation=nn.ReLU6)]
        for position, (expansion, out_channels, _, _) in enumerate(blocks, start=1):
            layers.append(InvertedResidual(channels[position - 1], out_channels, strides[position], expansion))
        layers.append(conv_norm(channels[-2], channels[-1], activation=nn.ReLU6))
        taps, self.levels = pyramid_levels(strides, channels, self._stage_of)
        self.features = Pyramid(layers, taps)
        head = nn.Linear(channels[-1], num_classes)
        self.initialise_head_(head)
        self.classifier = nn.Sequential(nn.Dropout(dropout), head)

    def initialise_head_(self, head: nn.Linear) -> None:
        nn.init.normal_(head.weight, std=0.01)
        nn.init.zeros_(head.bias)

    def stages(self) -> dict[str, tuple[str, ...]]:
        return {**stage_names(self._stage_of), "head": ("classifier",)}

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return self.classifier(self.features(x_BCHW)[-1].mean(dim=(2, 3)))  # type: ignore[no-any-return]


@register(
    "mobilenet-v2",
    kinds=("image",),
    paper="Sandler et al. 2018, arXiv:1801.04381",
    native_size=224,
    summary="small and fast on a phone: inverted residual blocks",
    published=(
        Published("torchvision:mobilenet_v2", "mobilenet_v2-b0353104.pth"),
        Published("torchvision:mobilenet_v2.v2", "mobilenet_v2-7ebf99e0.pth", Preparation(resize=232)),
        Published("timm:mobilenetv2_100.ra_in1k"),
    ),
)
def mobilenet_v2(
    num_classes: int,
    in_channels: int,
    input_size: tuple[int, int] | None,
    width: float = 1.0,
    dropout: float = 0.2,
    stem: Literal["auto", "imagenet", "small"] = "auto",
) -> nn.Module:
    """MobileNet v2."""
    return MobileNetV2(num_classes, in_channels, input_size or (224, 224), width, dropout, stem)
