"""Residual networks for ImageNet: ResNet-18 to ResNet-152, Wide ResNet and ResNeXt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from burnish.models.image_model import ImageModel, Level
from burnish.models.input_size import is_small
from burnish.models.published import Preparation, Published
from burnish.models.registry import register
from burnish.models.vision.residual_blocks import (
    BasicBlock,
    Bottleneck,
    Conv3x3,
    conv3x3,
    death_rates,
    drawn_conv,
)

Stem = Literal["auto", "imagenet", "small"]
LAYERS = ("layer1", "layer2", "layer3", "layer4")


class ResNet(ImageModel):
    """A stem and four stages of residual blocks, each half as fine and twice as wide as the one before.

    Source: He et al. 2015, "Deep residual learning for image recognition", arXiv:1512.03385, table 1. Changed: the
    small stem, one 3x3 convolution in place of the 7x7 one of stride 2 and the pooling, as is usual for CIFAR.

    Args:
        block: what the stages are made of.
        blocks: how many blocks each of the four stages has.
        num_classes: outputs.
        in_channels: channels of the image.
        groups: of the 3x3 convolutions.
        base_width: channels of a group in the first stage.
        small_stem: keep the resolution in the stem.
        zero_init_residual: start with every block passing its input on (Goyal et al. 2017, arXiv:1706.02677,
            section 5.1).
        stochastic_depth: chance that the last block is left out while training; earlier ones less, in proportion to
            their depth (Huang et al. 2016, arXiv:1603.09382).
        convs: what makes the 3x3 convolutions of each stage, for variants that change them.

    Shape:
        ``(batch, in_channels, H, W)`` of any size to ``(batch, num_classes)``.

    Raises:
        InputError: a death rate outside [0, 1).

    >>> sum(p.numel() for p in ResNet(BasicBlock, (2, 2, 2, 2), 1000, 3).parameters())
    11689512
    """

    head_names = ("fc",)

    def __init__(
        self,
        block: type[BasicBlock] | type[Bottleneck],
        blocks: Sequence[int],
        num_classes: int,
        in_channels: int,
        *,
        groups: int = 1,
        base_width: int = 64,
        small_stem: bool = False,
        zero_init_residual: bool = False,
        stochastic_depth: float = 0.0,
        convs: Sequence[Conv3x3] = (conv3x3,) * 4,
    ) -> None:
        super().__init__()
        rates = iter(death_rates(stochastic_depth, sum(blocks)))
        widths = [64, *(64 * 2**stage * block.expansion for stage in range(4))]

        def stage(number: int) -> nn.Sequential:
            sizes = [(widths[number], 1 if number == 0 else 2)] + [(widths[number + 1], 1)] * (blocks[number] - 1)
            channels, conv = 64 * 2**number, convs[number]
            return nn.Sequential(
                *(
                    block(before, channels, stride, groups, base_width, death_rate=next(rates), conv=conv)
                    for before, stride in sizes
                )
            )

        self.conv1 = drawn_conv(in_channels, 64, 3, 1, 1) if small_stem else drawn_conv(in_channels, 64, 7, 2, 3)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.Identity() if small_stem else nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = stage(0)
        self.layer2 = stage(1)
        self.layer3 = stage(2)
        self.layer4 = stage(3)
        self.fc = nn.Linear(widths[-1], num_classes)
        self.levels = levels(widths, small_stem)
        if zero_init_residual:
            for module in self.modules():
                if isinstance(module, BasicBlock | Bottleneck):
                    nn.init.zeros_(module.last_norm().weight)

    def stages(self) -> dict[str, tuple[str, ...]]:
        return {"stem": ("conv1", "bn1"), **{name: (name,) for name in LAYERS}, "head": ("fc",)}

    def features(self, x_BCHW: Tensor) -> list[Tensor]:
        stem_BCHW = self.relu(self.bn1(self.conv1(x_BCHW)))
        first_BCHW = self.layer1(self.maxpool(stem_BCHW))
        second_BCHW = self.layer2(first_BCHW)
        third_BCHW = self.layer3(second_BCHW)
        maps = [stem_BCHW, first_BCHW, second_BCHW, third_BCHW, self.layer4(third_BCHW)]
        return maps[-len(self.levels) :]

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return self.fc(self.features(x_BCHW)[-1].mean(dim=(2, 3)))  # type: ignore[no-any-return]


def levels(widths: Sequence[int], small_stem: bool) -> tuple[Level, ...]:
    """The pyramid of a stem and four stages; a small stem has the resolution of the first stage.

    >>> [level.stride for level in levels((64, 64, 128, 256, 512), small_stem=False)]
    [2, 4, 8, 16, 32]
    """
    finest = 1 if small_stem else 2
    named = list(zip(("stem", *LAYERS), widths, strict=True))[1 if small_stem else 0 :]
    return tuple(Level(name, width, finest * 2**number) for number, (name, width) in enumerate(named))


def takes_small_stem(stem: Stem, input_size: tuple[int, int] | None) -> bool:
    """Whether the resolution is kept in the stem: as the option says, or for small images."""
    return stem == "small" or (stem == "auto" and input_size is not None and is_small(input_size))


def stem_note(name: str, input_size: tuple[int, int] | None) -> str:
    """What a user is told about the small stem."""
    images = f" for {input_size[0]}x{input_size[1]} images" if input_size else ""
    return f"{name} takes a 3x3 stem without pooling{images} (stem=imagenet keeps the 7x7 one)"


_HE = "He et al. 2015, arXiv:1512.03385"
_WIDE = "Zagoruyko & Komodakis 2016, arXiv:1605.07146"
_XIE = "Xie et al. 2016, arXiv:1611.05431"


@dataclass(frozen=True)
class _Variant:
    name: str
    blocks: tuple[int, int, int, int]
    first: str
    """Digits of torchvision's file of the classical recipe."""
    second: str
    """Digits of its file of the longer recipe, which was made for slightly larger crops."""
    tag: str
    """The best known weights of timm."""
    summary: str
    block: type[BasicBlock] | type[Bottleneck] = Bottleneck
    groups: int = 1
    base_width: int = 64
    paper: str = _HE

    @property
    def published(self) -> tuple[Published, ...]:
        source = f"torchvision:{self.name}"
        found = [Published(source, f"{self.name}-{self.first}.pth")] if self.first else []
        if self.second:
            file = f"{self.name}-{self.second}.pth"
            found.append(Published(f"{source}.v2" if self.first else source, file, Preparation(resize=232)))
        return (*found, Published(f"timm:{self.name}.{self.tag}"))


_D18, _D50, _D101, _D152 = (2, 2, 2, 2), (3, 4, 6, 3), (3, 4, 23, 3), (3, 8, 36, 3)
_VARIANTS = (
    _Variant("resnet18", _D18, "f37072fd", "", "a1_in1k", "residual network of 18 layers", BasicBlock),
    _Variant("resnet34", _D50, "b627a593", "", "a1_in1k", "residual network of 34 layers", BasicBlock),
    _Variant("resnet50", _D50, "0676ba61", "11ad3fa6", "a1_in1k", "residual network of 50 layers, the usual yardstick"),
    _Variant("resnet101", _D101, "63fe2227", "cd907fc2", "a1h_in1k", "residual network of 101 layers"),
    _Variant("resnet152", _D152, "394f9c45", "f82ba261", "a1h_in1k", "residual network of 152 layers"),
    _Variant(
        "wide_resnet50_2", _D50, "95faca4d", "9ba9bcbe", "racm_in1k",
        "ResNet-50 with bottlenecks twice as wide", base_width=128, paper=_WIDE,
    ),
    _Variant(
        "wide_resnet101_2", _D101, "32ee1156", "d733dc28", "tv2_in1k",
        "ResNet-101 with bottlenecks twice as wide", base_width=128, paper=_WIDE,
    ),
    _Variant(
        "resnext50_32x4d", _D50, "7cdf4587", "1a0047aa", "a1h_in1k",
        "ResNet-50 with 32 groups of 4 channels", groups=32, base_width=4, paper=_XIE,
    ),
    _Variant(
        "resnext101_32x8d", _D101, "8ba56ff5", "110c445d", "tv2_in1k",
        "ResNet-101 with 32 groups of 8 channels", groups=32, base_width=8, paper=_XIE,
    ),
    _Variant(
        "resnext101_64x4d", _D101, "", "173b62eb", "c1_in1k",
        "ResNet-101 with 64 groups of 4 channels", groups=64, base_width=4, paper=_XIE,
    ),
)  # fmt: skip


def _register(variant: _Variant) -> None:
    @register(
        variant.name,
        kinds=("image",),
        paper=variant.paper,
        native_size=224,
        summary=variant.summary,
        published=variant.published,
    )
    def resnet(
        num_classes: int,
        in_channels: int,
        input_size: tuple[int, int] | None,
        stem: Stem = "auto",
        zero_init_residual: bool = False,
        stochastic_depth: float = 0.0,
    ) -> nn.Module:
        """A residual network of four stages."""
        small_stem = takes_small_stem(stem, input_size)
        model = ResNet(
            variant.block,
            variant.blocks,
            num_classes,
            in_channels,
            groups=variant.groups,
            base_width=variant.base_width,
            small_stem=small_stem,
            zero_init_residual=zero_init_residual,
            stochastic_depth=stochastic_depth,
        )
        if small_stem:
            model.notes = (stem_note(variant.name, input_size),)
        return model


for _variant in _VARIANTS:
    _register(_variant)
