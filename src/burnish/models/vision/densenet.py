"""DenseNet for large images: 121, 161, 169 and 201 layers."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from burnish.layers.conv_arithmetic import Window, smallest_input
from burnish.layers.undrawn import undrawn
from burnish.models.image_model import ImageModel, Level
from burnish.models.input_size import check_smallest, is_small
from burnish.models.published import Preparation, Published
from burnish.models.pyramid import Pyramid
from burnish.models.registry import register


def convolution(in_channels: int, out_channels: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    """A convolution without bias that keeps the size at stride 1, its weights N(0, 2 / fan_in)."""
    layer: nn.Conv2d = undrawn(nn.Conv2d, in_channels, out_channels, kernel, stride, padding=kernel // 2, bias=False)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return layer


class DenseLayer(nn.Sequential):
    """Normalise, rectify, convolve: ``growth`` new channels. With a bottleneck, once more before, by 1x1.

    Source: Huang et al. 2016, arXiv:1608.06993, section 3, "Composite function" and "Bottleneck layers".

    Args:
        in_channels: channels of the input.
        growth: channels of the output.
        bottleneck: channels between the two convolutions; None for a single convolution.
        dropout: after each convolution.
    """

    def __init__(self, in_channels: int, growth: int, bottleneck: int | None, dropout: float) -> None:
        convolutions = [(in_channels, growth, 3)]
        if bottleneck is not None:
            convolutions = [(in_channels, bottleneck, 1), (bottleneck, growth, 3)]
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        for number, (before, after, kernel) in enumerate(convolutions, start=1):
            layers[f"norm{number}"] = nn.BatchNorm2d(before)
            layers[f"relu{number}"] = nn.ReLU(inplace=True)
            layers[f"conv{number}"] = convolution(before, after, kernel)
            if dropout:
                layers[f"dropout{number}"] = nn.Dropout(dropout)
        super().__init__(layers)


class DenseBlock(nn.Sequential):
    """Layers that each see the outputs of all before them: eq. 2 of the paper.

    Args:
        in_channels: channels of the input, which is part of the output.
        layers: their number.
        growth: channels that each layer adds.
        bottleneck: see :class:`DenseLayer`.
        dropout: see :class:`DenseLayer`.
    """

    def __init__(self, in_channels: int, layers: int, growth: int, bottleneck: int | None, dropout: float) -> None:
        super().__init__(
            OrderedDict(
                (f"denselayer{number + 1}", DenseLayer(in_channels + number * growth, growth, bottleneck, dropout))
                for number in range(layers)
            )
        )

    def forward(self, x_BCHW: Tensor) -> Tensor:
        for layer in self:
            x_BCHW = torch.cat((x_BCHW, layer(x_BCHW)), dim=1)
        return x_BCHW


class Transition(nn.Sequential):
    """A 1x1 convolution that keeps a share of the channels, then 2x2 average pooling: "Pooling layers" of section 3."""

    def __init__(self, in_channels: int, out_channels: int, dropout: float) -> None:
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        layers["norm"] = nn.BatchNorm2d(in_channels)
        layers["relu"] = nn.ReLU(inplace=True)
        layers["conv"] = convolution(in_channels, out_channels, 1)
        if dropout:
            layers["dropout"] = nn.Dropout(dropout)
        layers["pool"] = nn.AvgPool2d(2)
        super().__init__(layers)


class DenseNet(ImageModel):
    """Blocks of densely connected layers with transitions that halve the resolution between them.

    Source: Huang et al. 2016, "Densely Connected Convolutional Networks", arXiv:1608.06993, table 1.

    Args:
        stem: the layers in front of the first block, by name.
        finest: pixels of the image from one position of the first block to the next.
        stem_channels: channels that the stem gives.
        blocks: layers of each block.
        growth: channels that each layer adds (k).
        bottleneck: channels between the two convolutions of a layer; None for layers of one convolution.
        compression: share of the channels that a transition keeps (theta).
        dropout: after each convolution but the first.
        last_norm: name of the last normalisation.
        num_classes: outputs.

    Shape:
        ``(B, in_channels, H, W)`` to ``(B, num_classes)``.
    """

    head_names = ("classifier",)
    # The files of torchvision are older than its layout: they have norm.1 where it has norm1.
    renames = ((r"(.*\.denselayer\d+\.(?:norm|conv))\.([12]\.\w+)", r"\1\2"),)

    def __init__(
        self,
        stem: OrderedDict[str, nn.Module],
        finest: int,
        stem_channels: int,
        blocks: Sequence[int],
        growth: int,
        bottleneck: int | None,
        compression: float,
        dropout: float,
        last_norm: str,
        num_classes: int,
    ) -> None:
        super().__init__()
        layers, channels = OrderedDict(stem), stem_channels
        self._stages = {"stem": tuple(stem)}
        levels, taps = [], []
        if "pool0" in stem:
            levels.append(Level("stem", stem_channels, finest // 2))
            taps.append(list(stem).index("pool0") - 1)
        for number, repeats in enumerate(blocks, start=1):
            layers[f"denseblock{number}"] = DenseBlock(channels, repeats, growth, bottleneck, dropout)
            channels += repeats * growth
            levels.append(Level(f"block{number}", channels, finest * 2 ** (number - 1)))
            taps.append(len(layers) - 1)
            end = last_norm
            if number < len(blocks):
                end, kept = f"transition{number}", int(channels * compression)
                layers[end] = Transition(channels, kept, dropout)
                channels = kept
            self._stages[f"block{number}"] = (f"denseblock{number}", end)
        layers[last_norm] = nn.BatchNorm2d(channels)
        layers[last_norm.replace("norm", "relu")] = nn.ReLU(inplace=True)
        self.features = Pyramid(layers, (*taps[:-1], len(layers) - 1))
        self.levels = tuple(levels)
        self.classifier = nn.Linear(channels, num_classes)
        self.initialise_head_(self.classifier)

    def initialise_head_(self, head: nn.Linear) -> None:
        nn.init.zeros_(head.bias)

    def stages(self) -> dict[str, tuple[str, ...]]:
        body = {stage: tuple(f"features.{name}" for name in names) for stage, names in self._stages.items()}
        return {**body, "head": ("classifier",)}

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return self.classifier(self.features(x_BCHW)[-1].mean(dim=(2, 3)))  # type: ignore[no-any-return]


def imagenet_stem(in_channels: int, channels: int, *, small: bool) -> OrderedDict[str, nn.Module]:
    """A 7x7 convolution of stride 2 and max-pooling; for small images a 3x3 convolution alone."""
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    layers["conv0"] = convolution(in_channels, channels, 3) if small else convolution(in_channels, channels, 7, 2)
    layers["norm0"] = nn.BatchNorm2d(channels)
    layers["relu0"] = nn.ReLU(inplace=True)
    if not small:
        layers["pool0"] = nn.MaxPool2d(3, stride=2, padding=1)
    return layers


@dataclass(frozen=True)
class _Variant:
    name: str
    blocks: tuple[int, ...]
    file: str
    tags: tuple[str, ...]
    growth: int = 32
    stem_channels: int = 64


_VARIANTS = (
    _Variant("densenet121", (6, 12, 24, 16), "a639ec97", ("ra_in1k", "tv_in1k")),
    _Variant("densenet161", (6, 12, 36, 24), "8d451a50", ("tv_in1k",), growth=48, stem_channels=96),
    _Variant("densenet169", (6, 12, 32, 32), "b2777c0a", ("tv_in1k",)),
    _Variant("densenet201", (6, 12, 48, 32), "c1103571", ("tv_in1k",)),
)
_POOLS = (Window(2, stride=2),) * 3
_IMAGENET_STEM = (Window(7, stride=2, padding=3), Window(3, stride=2, padding=1))


def _register(variant: _Variant) -> None:
    @register(
        variant.name,
        kinds=("image",),
        paper="Huang et al. 2016, arXiv:1608.06993",
        native_size=224,
        summary=f"every layer sees all before it, {variant.name.removeprefix('densenet')} layers",
        published=(
            Published(f"torchvision:{variant.name}", f"{variant.name}-{variant.file}.pth"),
            *(
                Published(f"timm:{variant.name}.{tag}", preparation=Preparation(interpolation="bicubic"))
                for tag in variant.tags
            ),
        ),
    )
    def densenet(
        num_classes: int,
        in_channels: int,
        input_size: tuple[int, int] | None,
        dropout: float = 0.0,
        stem: Literal["auto", "imagenet", "small"] = "auto",
    ) -> nn.Module:
        """A DenseNet of four blocks with bottlenecks and compression."""
        size = input_size or (224, 224)
        small = stem == "small" or (stem == "auto" and is_small(size))
        windows = _POOLS if small else (*_IMAGENET_STEM, *_POOLS)
        check_smallest(variant.name, size, smallest_input(*windows))
        model = DenseNet(
            imagenet_stem(in_channels, variant.stem_channels, small=small),
            finest=1 if small else 4,
            stem_channels=variant.stem_channels,
            blocks=variant.blocks,
            growth=variant.growth,
            bottleneck=4 * variant.growth,
            compression=0.5,
            dropout=dropout,
            last_norm="norm5",
            num_classes=num_classes,
        )
        if small:
            model.notes = (
                f"{variant.name} takes a 3x3 stem without pooling for {size[0]}x{size[1]} images "
                "(stem=imagenet keeps the 7x7 one)",
            )
        return model


for _variant in _VARIANTS:
    _register(_variant)
