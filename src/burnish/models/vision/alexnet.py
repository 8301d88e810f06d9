"""AlexNet in one tower, the form whose weights are published."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.layers.conv_arithmetic import Window, output_size, smallest_input
from burnish.models.image_model import ImageModel, Level
from burnish.models.input_size import check_smallest
from burnish.models.published import Published
from burnish.models.pyramid import Pyramid
from burnish.models.registry import register

Stem = Literal["auto", "imagenet", "small"]

_POOLS = (Window(3, stride=2),) * 3
_GRID = 6
# The first convolution of Krizhevsky's own networks for CIFAR-10 (cuda-convnet).
_SMALL = Window(5, padding=2)


class StemPlan:
    """How a network starts and ends for images of one size.

    Args:
        name: of the model, for messages.
        stem: the user's choice. The published stem leaves one position of sides below 95 pixels; ``auto`` takes the
            small one there.
        input_size: height and width.
        published: the first convolution of the paper.
    """

    def __init__(self, name: str, stem: Stem, input_size: tuple[int, int], published: Window) -> None:
        two_positions = smallest_input(published, *_POOLS, Window(2))
        self.small = stem == "small" or (stem == "auto" and min(input_size) < two_positions)
        self.first = _SMALL if self.small else published
        check_smallest(name, input_size, smallest_input(self.first, *_POOLS))
        self.grid = (_GRID, _GRID)
        self.notes: tuple[str, ...] = ()
        if self.small:
            height, width = (min(_GRID, output_size(side, self.first, *_POOLS)) for side in input_size)
            self.grid = (height, width)
            self.notes = (
                f"{name} takes a 5x5 first convolution without stride for {input_size[0]}x{input_size[1]} images "
                f"(stem=imagenet keeps the 11x11 one, from {smallest_input(published, *_POOLS)} pixels)",
            )

    def levels(self, *channels: int) -> tuple[Level, ...]:
        first = self.first.stride
        names = ("stem", "conv2", "conv5", "pool5")
        return tuple(Level(names[i], channels[i], first * 2**i) for i in range(4))

    def convolution(self, in_channels: int, out_channels: int) -> nn.Conv2d:
        window = self.first
        return nn.Conv2d(in_channels, out_channels, window.kernel, stride=window.stride, padding=window.padding)


class AlexNet(ImageModel):
    """Five convolutions in one tower, three linear layers.

    Source: Krizhevsky 2014, "One weird trick for parallelizing convolutional neural networks", arXiv:1404.5997, in the
    widths that torchvision publishes weights for. Changed: the last map is averaged to 6x6, so that images of any size
    go in.

    Args:
        num_classes: outputs.
        in_channels: channels of the image.
        input_size: height and width.
        stem: ``imagenet`` is the 11x11 convolution with stride 4; ``small`` is 5x5 with stride 1, and the first linear
            layer then follows the last map where that is smaller than 6x6; ``auto`` takes ``small`` where the other
            would leave a single position.
        hidden: outputs of each of the two hidden linear layers, which hold most of the weights.
        dropout: share of inputs that the first two linear layers lose in training.

    Shape:
        ``(batch, in_channels, H, W)`` to ``(batch, num_classes)``.

    Raises:
        InputError: a side is below 15 (63 with ``stem="imagenet"``), or hidden is below 1.

    >>> AlexNet(10, 3, (32, 32)).classifier[1]
    Linear(in_features=2304, out_features=4096, bias=True)
    """

    head_names = ("classifier.6",)

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        input_size: tuple[int, int],
        stem: Stem = "auto",
        hidden: int = 4096,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        if hidden < 1:
            raise InputError(f"hidden must be at least 1, got {hidden}: it is the width of the hidden linear layers")
        plan = StemPlan("alexnet", stem, input_size, Window(11, stride=4, padding=2))
        self.notes = plan.notes
        self.levels = plan.levels(64, 192, 256, 256)
        body = [
            plan.convolution(in_channels, 64),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, stride=2),
            nn.Conv2d(64, 192, 5, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, stride=2),
            nn.Conv2d(192, 384, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 256, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(256, 256, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, stride=2),
        ]
        self.features = Pyramid(body, taps=(1, 4, 11, 12))
        self.avgpool = nn.AdaptiveAvgPool2d(plan.grid)
        self.classifier = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(256 * plan.grid[0] * plan.grid[1], hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(hidden, hidden),
            nn.ReLU(inplace=True),
            nn.Linear(hidden, num_classes),
        )

    def stages(self) -> dict[str, tuple[str, ...]]:
        convolutions = {f"conv{i}": (f"features.{at}",) for i, at in ((2, 3), (3, 6), (4, 8), (5, 10))}
        linear = {"fc6": ("classifier.1",), "fc7": ("classifier.4",)}
        return {"stem": ("features.0",), **convolutions, **linear, "head": ("classifier.6",)}

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x_BCHW)[-1]).flatten(1))  # type: ignore[no-any-return]


@register(
    "alexnet",
    kinds=("image",),
    paper="Krizhevsky 2014, arXiv:1404.5997",
    native_size=224,
    summary="AlexNet in one tower",
    published=(Published("torchvision:alexnet", "alexnet-owt-7be5be79.pth"),),
)
def alexnet(
    num_classes: int,
    in_channels: int,
    input_size: tuple[int, int] | None,
    stem: Stem = "auto",
    hidden: int = 4096,
    dropout: float = 0.5,
) -> nn.Module:
    """AlexNet in one tower, in torchvision's layout."""
    return AlexNet(num_classes, in_channels, input_size or (224, 224), stem, hidden, dropout)
