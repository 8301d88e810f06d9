"""GoogLeNet with batch normalisation, in the form whose weights are published."""

from __future__ import annotations

from typing import ClassVar, Literal

from torch import Tensor, nn

from burnish.models.auxiliary import AuxiliaryOutput
from burnish.models.image_model import ImageModel, Level
from burnish.models.input_size import check_smallest, is_small
from burnish.models.published import Preparation, Published
from burnish.models.registry import register
from burnish.models.vision.googlenet_blocks import AuxiliaryHead, Inception, Unit
from burnish.models.vision.inception_blocks import ConvUnit

Stem = Literal["auto", "imagenet", "small"]


class GoogLeNet(ImageModel):
    """Nine inception blocks, with two classifiers half way that help to train it.

    Source: Szegedy et al. 2014, "Going deeper with convolutions", arXiv:1409.4842, table 1 and section 5. Changed, as
    in the weights that torchvision publishes: batch normalisation instead of biases and response normalisation, a 3x3
    window where the paper has 5x5, less dropout, auxiliary heads on maps averaged to 4x4.

    Args:
        num_classes: outputs.
        in_channels: channels of the image.
        input_size: height and width.
        stem: ``imagenet`` is the 7x7 convolution with stride 2 and a pooling; ``small`` is 3x3 with stride 1 without
            that pooling; ``auto`` takes ``small`` for images of at most 64 pixels.
        aux_heads: have the two auxiliary classifiers, which run in training mode alone.
        dropout: share of inputs that the last layer loses in training.

    Shape:
        ``(batch, in_channels, H, W)`` to ``(batch, num_classes)``; in training mode with ``aux_heads`` to an
        :class:`AuxiliaryOutput` of weight 0.3.

    Raises:
        InputError: a side is below 15 (4 with the small stem).

    >>> sum(p.numel() for p in GoogLeNet(1000, 3, (224, 224), aux_heads=False).parameters())
    6624904
    """

    head_names = ("fc", "aux1.fc2", "aux2.fc2")
    name: ClassVar[str] = "googlenet"
    aux1: AuxiliaryHead
    aux2: AuxiliaryHead

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        input_size: tuple[int, int],
        stem: Stem = "auto",
        aux_heads: bool = True,
        dropout: float = 0.2,
        unit: Unit = ConvUnit,
        large: int = 3,
    ) -> None:
        super().__init__()
        small = stem == "small" or (stem == "auto" and is_small(input_size))
        check_smallest(self.name, input_size, 4 if small else 15)
        strides = (1, 1, 2, 4, 8) if small else (2, 4, 8, 16, 32)
        names = ("conv1", "stem", "inception3", "inception4", "inception5")
        channels = (64, 192, 480, 832, 1024)
        self.levels = tuple(Level(names[i], channels[i], strides[i]) for i in range(small, 5))
        self.conv1 = unit(in_channels, 64, 3) if small else unit(in_channels, 64, 7, stride=2)
        self.maxpool1: nn.Module = nn.Identity() if small else nn.MaxPool2d(3, stride=2, ceil_mode=True)
        if small:
            self.notes = (
                f"{self.name} takes a 3x3 stem without its first pooling for {input_size[0]}x{input_size[1]} images "
                "(stem=imagenet keeps the 7x7 one)",
            )
        self.conv2 = unit(64, 64, 1)
        self.conv3 = unit(64, 192, 3)
        self.maxpool2: nn.Module = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.inception3a = Inception(192, (64, 96, 128, 16, 32, 32), unit, large)
        self.inception3b = Inception(256, (128, 128, 192, 32, 96, 64), unit, large)
        self.maxpool3 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.inception4a = Inception(480, (192, 96, 208, 16, 48, 64), unit, large)
        self.inception4b = Inception(512, (160, 112, 224, 24, 64, 64), unit, large)
        self.inception4c = Inception(512, (128, 128, 256, 24, 64, 64), unit, large)
        self.inception4d = Inception(512, (112, 144, 288, 32, 64, 64), unit, large)
        self.inception4e = Inception(528, (256, 160, 320, 32, 128, 128), unit, large)
        self.maxpool4 = nn.MaxPool2d(2, stride=2, ceil_mode=True)
        self.inception5a = Inception(832, (256, 160, 320, 32, 128, 128), unit, large)
        self.inception5b = Inception(832, (384, 192, 384, 48, 128, 128), unit, large)
        self.aux_heads = aux_heads
        if aux_heads:
            self.aux1 = AuxiliaryHead(512, num_classes, nn.AdaptiveAvgPool2d(4), unit)
            self.aux2 = AuxiliaryHead(528, num_classes, nn.AdaptiveAvgPool2d(4), unit)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(1024, num_classes)
        self.initialise_()

    def initialise_(self) -> None:
        """Draw the weights of the convolutions and linear layers from N(0, 0.01^2), as torchvision does."""
        for module in self.modules():  # torchvision cuts off at 200 deviations, which no draw reaches
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                nn.init.normal_(module.weight, std=0.01)

    def initialise_head_(self, head: nn.Linear) -> None:
        nn.init.normal_(head.weight, std=0.01)

    def stages(self) -> dict[str, tuple[str, ...]]:
        return {
            "stem": ("conv1", "conv2", "conv3"),
            "inception3": ("inception3a", "inception3b"),
            "inception4": ("inception4a", "inception4b", "inception4c", "inception4d", "inception4e"),
            "inception5": ("inception5a", "inception5b"),
            "head": ("fc", "aux1", "aux2") if self.aux_heads else ("fc",),
        }

    def features(self, x_BCHW: Tensor) -> list[Tensor]:
        return self._maps(x_BCHW)[0]

    def _maps(self, x_BCHW: Tensor) -> tuple[list[Tensor], tuple[Tensor, Tensor]]:
        """The levels, and the maps that the auxiliary heads see."""
        first_BCHW = self.conv1(x_BCHW)
        second_BCHW = self.conv3(self.conv2(self.maxpool1(first_BCHW)))
        third_BCHW = self.inception3b(self.inception3a(self.maxpool2(second_BCHW)))
        shallow_BCHW = self.inception4a(self.maxpool3(third_BCHW))
        deep_BCHW = self.inception4d(self.inception4c(self.inception4b(shallow_BCHW)))
        fourth_BCHW = self.inception4e(deep_BCHW)
        fifth_BCHW = self.inception5b(self.inception5a(self.maxpool4(fourth_BCHW)))
        levels = [first_BCHW, second_BCHW, third_BCHW, fourth_BCHW, fifth_BCHW]
        return levels[-len(self.levels) :], (shallow_BCHW, deep_BCHW)

    def forward(self, x_BCHW: Tensor) -> Tensor | AuxiliaryOutput:
        levels, (shallow_BCHW, deep_BCHW) = self._maps(x_BCHW)
        logits_BK: Tensor = self.fc(self.dropout(levels[-1].mean(dim=(2, 3))))
        if not (self.training and self.aux_heads):
            return logits_BK
        return AuxiliaryOutput(logits_BK, (self.aux1(shallow_BCHW), self.aux2(deep_BCHW)), weight=0.3)


@register(
    "googlenet",
    kinds=("image",),
    paper="Szegedy et al. 2014, arXiv:1409.4842",
    native_size=224,
    summary="inception v1 with batch normalisation",
    published=(
        Published(
            "torchvision:googlenet", "googlenet-1378be20.pth", Preparation(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
        ),
    ),
)
def googlenet(
    num_classes: int,
    in_channels: int,
    input_size: tuple[int, int] | None,
    stem: Stem = "auto",
    aux_heads: bool = True,
    dropout: float = 0.2,
) -> nn.Module:
    """GoogLeNet with batch normalisation, in torchvision's layout."""
    return GoogLeNet(num_classes, in_channels, input_size or (224, 224), stem, aux_heads, dropout)
