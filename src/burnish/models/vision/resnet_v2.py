"""Residual networks with pre-activation: ResNet v2 for ImageNet and for small images."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from burnish.models.image_model import ImageModel, Level
from burnish.models.published import Preparation, Published
from burnish.models.pyramid import Pyramid
from burnish.models.registry import register
from burnish.models.vision.preactivation_blocks import PreActivationBasicBlock, PreActivationBottleneck
from burnish.models.vision.residual_blocks import drawn_conv
from burnish.models.vision.resnet import Stem, stem_note, takes_small_stem

Block = Callable[[int, int, int], PreActivationBasicBlock | PreActivationBottleneck]


class ResNetV2(ImageModel):
    """A stem without activation, stages of pre-activation blocks, and one normalisation after the last.

    Source: He et al. 2016, "Identity mappings in deep residual networks", arXiv:1603.05027. Changed: the shortcut of
    the first block carries the output of the stem as it is wherever the channels agree, as in timm; the paper
    activates it first.

    Args:
        block: makes a block from its channels in, its narrow channels, and its stride.
        blocks: how many blocks each stage has.
        num_classes: outputs.
        in_channels: channels of the image.
        stem_width: channels of the stem.
        width: narrow channels of the first stage; each further stage has twice as many.
        small_stem: one 3x3 convolution instead of a 7x7 one of stride 2 and pooling.

    Shape:
        ``(batch, in_channels, H, W)`` of any size to ``(batch, num_classes)``.

    >>> net = ResNetV2(PreActivationBottleneck, (3, 4, 6, 3), 1000, 3)
    >>> sum(p.numel() for p in net.parameters())
    25549352
    """

    head_names = ("fc",)
    renames: ClassVar[tuple[tuple[str, str], ...]] = (
        (r"stem\.conv\.(.+)", r"features.conv.\1"),
        *((rf"stages\.{stage}\.blocks\.(.+)", rf"features.layer{stage + 1}.\1") for stage in range(4)),
        (r"norm\.(.+)", r"features.norm.\1"),
        (r"head\.fc\.(.+)", r"fc.\1"),
    )

    def __init__(
        self,
        block: Block,
        blocks: Sequence[int],
        num_classes: int,
        in_channels: int,
        *,
        stem_width: int = 64,
        width: int = 64,
        small_stem: bool = False,
    ) -> None:
        super().__init__()
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        if small_stem:
            layers["conv"] = drawn_conv(in_channels, stem_width, 3, 1, 1)
        else:
            layers["conv"] = drawn_conv(in_channels, stem_width, 7, 2, 3)
            layers["pool"] = nn.MaxPool2d(3, stride=2, padding=1)
        channels = stem_width
        found = [] if small_stem else [Level("stem", stem_width, 2)]
        for number, length in enumerate(blocks):
            narrow = width * 2**number
            strides = [1 if number == 0 else 2] + [1] * (length - 1)
            units = []
            for stride in strides:
                units.append(block(channels, narrow, stride))
                channels = narrow * units[-1].expansion
            name = f"layer{number + 1}"
            layers[name] = nn.Sequential(*units)
            found.append(Level(name, channels, (1 if small_stem else 4) * 2**number))
        layers["norm"] = nn.BatchNorm2d(channels)
        layers["relu"] = nn.ReLU(inplace=True)
        self.levels = tuple(found)
        ends = {"conv" if level.name == "stem" else level.name for level in found[:-1]} | {"relu"}
        self.features = Pyramid(layers, taps=[place for place, name in enumerate(layers) if name in ends])
        self.fc = nn.Linear(channels, num_classes)

    def stages(self) -> dict[str, tuple[str, ...]]:
        names = [level.name for level in self.levels if level.name != "stem"]
        stages = {name: (f"features.{name}",) for name in names}
        return {
            "stem": ("features.conv",),
            **stages,
            names[-1]: (f"features.{names[-1]}", "features.norm"),
            "head": ("fc",),
        }

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return self.fc(self.features(x_BCHW)[-1].mean(dim=(2, 3)))  # type: ignore[no-any-return]

    def translate(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """A state dict in the layout of timm, where the head is a 1x1 convolution, in this model's."""
        translated = super().translate(state)
        if translated.get("fc.weight", self.fc.weight).ndim == 4:
            translated["fc.weight"] = translated["fc.weight"].flatten(1)
        return translated


_PAPER = "He et al. 2016, arXiv:1603.05027"


@dataclass(frozen=True)
class _Variant:
    depth: int
    block: type[PreActivationBasicBlock] | type[PreActivationBottleneck]
    blocks: tuple[int, ...]
    tag: str = ""
    """timm's weights."""
    resize: int = 256
    """Shorter side of the images that those were made for."""

    @property
    def published(self) -> tuple[Published, ...]:
        half = (0.5, 0.5, 0.5)
        preparation = Preparation(resize=self.resize, interpolation="bicubic", mean=half, std=half)
        source = f"timm:resnetv2_{self.depth}.{self.tag}"
        return (Published(source, preparation=preparation),) if self.tag else ()


_FOR_IMAGENET = (
    _Variant(18, PreActivationBasicBlock, (2, 2, 2, 2), "ra4_e3600_r224_in1k", 248),
    _Variant(34, PreActivationBasicBlock, (3, 4, 6, 3), "ra4_e3600_r224_in1k", 248),
    _Variant(50, PreActivationBottleneck, (3, 4, 6, 3), "a1h_in1k", 235),
    _Variant(101, PreActivationBottleneck, (3, 4, 23, 3), "a1h_in1k", 235),
    _Variant(152, PreActivationBottleneck, (3, 8, 36, 3)),
)
_FOR_CIFAR = (
    _Variant(20, PreActivationBasicBlock, (3, 3, 3)),
    _Variant(56, PreActivationBasicBlock, (9, 9, 9)),
    _Variant(110, PreActivationBasicBlock, (18, 18, 18)),
    _Variant(164, PreActivationBottleneck, (18, 18, 18)),
)


def _register_for_imagenet(variant: _Variant) -> None:
    name = f"resnetv2_{variant.depth}"
    summary = f"pre-activation residual network of {variant.depth} layers"

    @register(name, kinds=("image",), paper=_PAPER, native_size=224, summary=summary, published=variant.published)
    def resnet_v2(
        num_classes: int, in_channels: int, input_size: tuple[int, int] | None, stem: Stem = "auto"
    ) -> nn.Module:
        """A pre-activation residual network of four stages."""
        small_stem = takes_small_stem(stem, input_size)
        model = ResNetV2(variant.block, variant.blocks, num_classes, in_channels, small_stem=small_stem)
        if small_stem:
            model.notes = (stem_note(name, input_size),)
        return model


def _register_for_cifar(variant: _Variant) -> None:
    summary = f"pre-activation residual network for small images, {variant.depth} layers"

    @register(
        f"preact_resnet{variant.depth}", kinds=("image",), paper=f"{_PAPER}, section 4", native_size=32, summary=summary
    )
    def preact_resnet(num_classes: int, in_channels: int, input_size: tuple[int, int] | None) -> nn.Module:
        """A pre-activation residual network of three stages for small images."""
        return ResNetV2(
            variant.block, variant.blocks, num_classes, in_channels, stem_width=16, width=16, small_stem=True
        )


for _variant in _FOR_IMAGENET:
    _register_for_imagenet(_variant)
for _variant in _FOR_CIFAR:
    _register_for_cifar(_variant)
