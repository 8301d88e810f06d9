"""EfficientNet b0 to b7."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.layers.squeeze_excite import SqueezeExcite
from burnish.layers.stochastic_depth import StochasticDepth
from burnish.models.image_model import ImageModel
from burnish.models.published import Preparation, Published
from burnish.models.pyramid import Pyramid
from burnish.models.registry import register
from burnish.models.vision.efficientnet_scaling import BASELINE, scaled
from burnish.models.vision.mobile_blocks import adapted_strides, conv_norm, pyramid_levels, stage_names

Norm = Callable[[int], nn.Module]


class MBConv(nn.Module):
    """An inverted residual with squeeze-and-excitation.

    Source: Tan & Le 2019, arXiv:1905.11946, section 4; Tan et al. 2018, "MnasNet", arXiv:1807.11626, figure 7.

    Args:
        in_channels: channels of the input; a quarter of them is the squeezed width.
        out_channels: channels of the output; the input is added where nothing changes its shape.
        expansion: how much wider the middle is; at 1 there is no first layer.
        kernel: of the depthwise convolution.
        stride: of the depthwise convolution.
        survival: chance that a sample keeps the branch while training.
        norm: makes a normalisation for a number of channels.
    """

    def __init__(
        self, in_channels: int, out_channels: int, expansion: int, kernel: int, stride: int, survival: float, norm: Norm
    ) -> None:
        super().__init__()
        wide = in_channels * expansion
        widen = [] if expansion == 1 else [conv_norm(in_channels, wide, activation=nn.SiLU, norm=norm)]
        self.block = nn.Sequential(
            *widen,
            conv_norm(wide, wide, kernel, stride, groups=wide, activation=nn.SiLU, norm=norm),
            SqueezeExcite(wide, max(1, in_channels // 4), partial(nn.SiLU, inplace=True)),
            conv_norm(wide, out_channels, activation=None, norm=norm),
        )
        self.residual = stride == 1 and in_channels == out_channels
        self.stochastic_depth = StochasticDepth(survival) if self.residual else nn.Identity()

    def forward(self, x_BCHW: Tensor) -> Tensor:
        out_BCHW: Tensor = self.stochastic_depth(self.block(x_BCHW))
        if self.residual:
            out_BCHW += x_BCHW
        return out_BCHW


def _timm_names() -> tuple[tuple[str, str], ...]:
    narrow = {"conv_dw": "0.0", "bn1": "0.1", "se.conv_reduce": "1.fc1", "se.conv_expand": "1.fc2"}
    narrow |= {"conv_pw": "2.0", "bn2": "2.1"}
    wide = {"conv_pw": "0.0", "bn1": "0.1", "conv_dw": "1.0", "bn2": "1.1"}
    wide |= {"se.conv_reduce": "2.fc1", "se.conv_expand": "2.fc2", "conv_pwl": "3.0", "bn3": "3.1"}
    pairs = [(r"conv_stem\.(\w+)", r"features.0.0.\1"), (r"bn1\.(\w+)", r"features.0.1.\1")]
    for number, stage in enumerate(BASELINE):
        for theirs, ours in (narrow if stage.expansion == 1 else wide).items():
            pattern = theirs.replace(".", r"\.")
            pairs.append((rf"blocks\.{number}\.(\d+)\.{pattern}\.(\w+)", rf"features.{number + 1}.\1.block.{ours}.\2"))
    pairs += [(r"conv_head\.(\w+)", r"features.8.0.\1"), (r"bn2\.(\w+)", r"features.8.1.\1")]
    return (*pairs, (r"classifier\.(\w+)", r"classifier.1.\1"))


class EfficientNet(ImageModel):
    """Seven stages of inverted residuals, grown in depth, width and resolution together.

    Source: Tan & Le 2019, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks",
    arXiv:1905.11946, table 1 and section 5.

    Args:
        num_classes: outputs.
        in_channels: channels of the image.
        input_size: height and width; it decides the stem when that is ``auto``.
        width: multiplies channels; see :func:`burnish.models.vision.efficientnet_scaling.scaled`.
        depth: multiplies the blocks of each stage.
        dropout: before the classifier.
        survival: chance that the branch of the last block is kept while training; that of the first is 1, and those
            between lie on a line.
        norm: makes the normalisations. The b5 and larger of torchvision use ``eps=1e-3, momentum=0.01``.
        stem: ``imagenet`` halves the image five times; ``small`` three times, and so 32x32 to 4x4.
        name: of the variant, for messages.

    Shape:
        ``(B, in_channels, H, W)`` of any size to ``(B, num_classes)``.

    Raises:
        InputError: a coefficient that is not positive, or a survival outside (0, 1].

    >>> sum(p.numel() for p in EfficientNet(1000, 3, (224, 224)).parameters())
    5288548
    """

    head_names = ("classifier.1",)
    renames = _timm_names()

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        input_size: tuple[int, int],
        width: float = 1.0,
        depth: float = 1.0,
        dropout: float = 0.2,
        survival: float = 0.8,
        norm: Norm = nn.BatchNorm2d,
        stem: Literal["auto", "imagenet", "small"] = "auto",
        name: str = "efficientnet",
    ) -> None:
        super().__init__()
        if not 0 < survival <= 1:
            raise InputError(f"survival must lie in (0, 1], got {survival}: it is the chance that a branch is kept")
        shape = scaled(width, depth)
        strides, self.notes = adapted_strides(name, (2, *(s.stride for s in shape.stages), 1), stem, input_size)
        channels = [shape.stem, *(stage.channels for stage in shape.stages), shape.head]
        self._stage_of = ("stem", *(f"stage{number}" for number in range(1, len(shape.stages) + 1)), "final")
        layers: list[nn.Module] = [
            conv_norm(in_channels, shape.stem, 3, strides[0], activation=nn.SiLU, norm=norm),
        ]
        done, total = 0, sum(stage.blocks for stage in shape.stages)
        for position, stage in enumerate(shape.stages, start=1):
            blocks = []
            for block in range(stage.blocks):
                before, stride = (channels[position - 1], strides[position]) if block == 0 else (stage.channels, 1)
                kept = 1 - (1 - survival) * done / total
                blocks.append(MBConv(before, stage.channels, stage.expansion, stage.kernel, stride, kept, norm))
                done += 1
            layers.append(nn.Sequential(*blocks))
        layers.append(conv_norm(channels[-2], shape.head, activation=nn.SiLU, norm=norm))
        taps, self.levels = pyramid_levels(strides, channels, self._stage_of)
        self.features = Pyramid(layers, taps)
        head = nn.Linear(shape.head, num_classes)
        self.initialise_head_(head)
        self.classifier = nn.Sequential(nn.Dropout(dropout, inplace=True), head)

    def initialise_head_(self, head: nn.Linear) -> None:
        bound = head.out_features**-0.5
        nn.init.uniform_(head.weight, -bound, bound)
        nn.init.zeros_(head.bias)

    def stages(self) -> dict[str, tuple[str, ...]]:
        return {**stage_names(self._stage_of), "head": ("classifier",)}

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return self.classifier(self.features(x_BCHW)[-1].mean(dim=(2, 3)))  # type: ignore[no-any-return]


@dataclass(frozen=True)
class _Variant:
    name: str
    width: float
    depth: float
    dropout: float
    crop: int
    resize: int
    file: str
    tags: tuple[str, ...] = ()
    """Weights of timm that were trained with the same normalisation and padding."""
    longer_recipe: tuple[Published, ...] = ()
    norm: Norm = nn.BatchNorm2d

    @property
    def published(self) -> tuple[Published, ...]:
        first = Published(
            f"torchvision:{self.name}", f"{self.name}_{self.file}.pth", Preparation(self.crop, self.resize, "bicubic")
        )
        return (first, *self.longer_recipe, *(Published(f"timm:{self.name}.{tag}") for tag in self.tags))


_b1_v2 = Published("torchvision:efficientnet_b1.v2", "efficientnet_b1-c27df63c.pth", Preparation(240, 255))
_luke_norm = partial(nn.BatchNorm2d, eps=1e-3, momentum=0.01)
_VARIANTS = (
    _Variant("efficientnet_b0", 1.0, 1.0, 0.2, 224, 256, "rwightman-7f5810bc", ("ra_in1k", "ra4_e3600_r224_in1k")),
    _Variant(
        "efficientnet_b1", 1.0, 1.1, 0.2, 240, 256, "rwightman-bac287d4", ("ra4_e3600_r240_in1k", "ft_in1k"), (_b1_v2,)
    ),
    _Variant("efficientnet_b2", 1.1, 1.2, 0.3, 288, 288, "rwightman-c35c1473", ("ra_in1k",)),
    _Variant("efficientnet_b3", 1.2, 1.4, 0.3, 300, 320, "rwightman-b3899882", ("ra2_in1k",)),
    _Variant("efficientnet_b4", 1.4, 1.8, 0.4, 380, 384, "rwightman-23ab8bcd", ("ra2_in1k",)),
    _Variant("efficientnet_b5", 1.6, 2.2, 0.4, 456, 456, "lukemelas-1a07897c", norm=_luke_norm),
    _Variant("efficientnet_b6", 1.8, 2.6, 0.5, 528, 528, "lukemelas-24a108a5", norm=_luke_norm),
    _Variant("efficientnet_b7", 2.0, 3.1, 0.5, 600, 600, "lukemelas-c5b4e57e", norm=_luke_norm),
)


def _register(variant: _Variant) -> None:
    @register(
        variant.name,
        kinds=("image",),
        paper="Tan & Le 2019, arXiv:1905.11946",
        native_size=variant.crop,
        summary=f"inverted residuals scaled together: width {variant.width}, depth {variant.depth}",
        published=variant.published,
    )
    def efficientnet(
        num_classes: int,
        in_channels: int,
        input_size: tuple[int, int] | None,
        width: float = variant.width,
        depth: float = variant.depth,
        dropout: float = variant.dropout,
        survival: float = 0.8,
        stem: Literal["auto", "imagenet", "small"] = "auto",
    ) -> nn.Module:
        """An EfficientNet; other coefficients give other sizes of it."""
        size = input_size or (variant.crop, variant.crop)
        name = variant.name.replace("_", "-")
        return EfficientNet(num_classes, in_channels, size, width, depth, dropout, survival, variant.norm, stem, name)


for _variant in _VARIANTS:
    _register(_variant)
