"""MobileNet v1."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from burnish.models.image_model import ImageModel
from burnish.models.published import Preparation, Published
from burnish.models.registry import register
from burnish.models.vision.mobile_blocks import adapted_strides, check_width, convolution, divisible, pyramid_levels

_STAGES = ((64, 1, 1), (128, 2, 2), (256, 2, 2), (512, 6, 2), (1024, 2, 2))
"""Channels, blocks and stride of each stage: table 1 of the paper."""


class DepthwiseSeparable(nn.Module):
    """A 3x3 filter for each channel, then a 1x1 convolution that mixes channels: figure 3 of the paper."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.conv_dw = convolution(in_channels, in_channels, 3, stride, groups=in_channels)
        self.bn1 = nn.BatchNorm2d(in_channels)
        self.act1 = nn.ReLU6(inplace=True)
        self.conv_pw = convolution(in_channels, out_channels)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.act2 = nn.ReLU6(inplace=True)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        filtered_BCHW = self.act1(self.bn1(self.conv_dw(x_BCHW)))
        return self.act2(self.bn2(self.conv_pw(filtered_BCHW)))  # type: ignore[no-any-return]


class MobileNetV1(ImageModel):
    """Thirteen depthwise separable convolutions after a 3x3 stem.

    Source: Howard et al. 2017, "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision Applications",
    arXiv:1704.04861, table 1. Changed: ReLU6, as in the authors' code.

    Args:
        num_classes: outputs.
        in_channels: channels of the image.
        input_size: height and width; it decides the stem when that is ``auto``.
        width: multiplies the channels of every layer (alpha of section 3.3).
        dropout: before the classifier.
        stem: ``imagenet`` halves the image five times; ``small`` three times, and so 32x32 to 4x4.

    Shape:
        ``(B, in_channels, H, W)`` of any size to ``(B, num_classes)``.

    Raises:
        InputError: a width that is not positive.

    >>> sum(p.numel() for p in MobileNetV1(1000, 3, (224, 224)).parameters())
    4231976
    """

    head_names = ("classifier",)

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        input_size: tuple[int, int],
        width: float = 1.0,
        dropout: float = 0.0,
        stem: Literal["auto", "imagenet", "small"] = "auto",
    ) -> None:
        super().__init__()
        check_width(width)
        channels = [divisible(32 * width), *(divisible(channels * width) for channels, _, _ in _STAGES)]
        strides, self.notes = adapted_strides("mobilenet-v1", (2, *(s for _, _, s in _STAGES)), stem, input_size)
        self._taps, self.levels = pyramid_levels(strides, channels, ("stem", *(f"stage{n}" for n in range(1, 6))))
        self.conv_stem = convolution(in_channels, channels[0], 3, strides[0])
        self.bn1 = nn.BatchNorm2d(channels[0])
        self.act1 = nn.ReLU6(inplace=True)
        self.blocks = nn.Sequential()
        for stage, (_, repeats, _) in enumerate(_STAGES, start=1):
            first = DepthwiseSeparable(channels[stage - 1], channels[stage], strides[stage])
            rest = (DepthwiseSeparable(channels[stage], channels[stage], 1) for _ in range(repeats - 1))
            self.blocks.append(nn.Sequential(first, *rest))
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(channels[-1], num_classes)
        self.initialise_head_(self.classifier)

    def initialise_head_(self, head: nn.Linear) -> None:
        nn.init.normal_(head.weight, std=0.01)
        nn.init.zeros_(head.bias)

    def stages(self) -> dict[str, tuple[str, ...]]:
        blocks = {f"stage{number + 1}": (f"blocks.{number}",) for number in range(len(_STAGES))}
        return {"stem": ("conv_stem", "bn1"), **blocks, "head": ("classifier",)}

    def features(self, x_BCHW: Tensor) -> list[Tensor]:
        x_BCHW = self.act1(self.bn1(self.conv_stem(x_BCHW)))
        levels = [x_BCHW] if 0 in self._taps else []
        for position, stage in enumerate(self.blocks, start=1):
            x_BCHW = stage(x_BCHW)
            if position in self._taps:
                levels.append(x_BCHW)
        return levels

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return self.classifier(self.dropout(self.features(x_BCHW)[-1].mean(dim=(2, 3))))  # type: ignore[no-any-return]


@register(
    "mobilenet-v1",
    kinds=("image",),
    paper="Howard et al. 2017, arXiv:1704.04861",
    native_size=224,
    summary="depthwise separable convolutions, small and fast",
    published=(
        Published(
            "timm:mobilenetv1_100.ra4_e3600_r224_in1k",
            preparation=Preparation(interpolation="bicubic", mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5)),
        ),
    ),
)
def mobilenet_v1(
    num_classes: int,
    in_channels: int,
    input_size: tuple[int, int] | None,
    width: float = 1.0,
    dropout: float = 0.0,
    stem: Literal["auto", "imagenet", "small"] = "auto",
) -> nn.Module:
    """MobileNet v1."""
    return MobileNetV1(num_classes, in_channels, input_size or (224, 224), width, dropout, stem)
