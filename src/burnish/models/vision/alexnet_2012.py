"""AlexNet as published in 2012."""

from __future__ import annotations

from collections import OrderedDict
from typing import Literal

from torch import Tensor, nn

from burnish.common.errors import InputError
from burnish.layers.conv_arithmetic import Window
from burnish.layers.undrawn import undrawn
from burnish.models.image_model import ImageModel
from burnish.models.pyramid import Pyramid
from burnish.models.registry import register
from burnish.models.vision.alexnet import Stem, StemPlan

_GREY_LEVELS = 58.0


def response_norm() -> nn.LocalResponseNorm:
    """Local response normalisation over five neighbouring channels.

    Source: Krizhevsky et al. 2012, section 3.3: k = 2, n = 5, alpha = 1e-4, beta = 0.75. The paper multiplies the sum
    of the squares by alpha, torch their mean: hence n alpha.

    >>> response_norm()
    LocalResponseNorm(5, alpha=0.0005, beta=0.75, k=2.0)
    """
    return nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0)


class AlexNet2012(ImageModel):
    """The network that won ImageNet in 2012: two towers, response normalisation, overlapping pooling.

    Source: Krizhevsky et al. 2012, "ImageNet classification with deep convolutional neural networks", sections 3.1 to
    3.5, 4.2 and 5 (initial weights). Changed: the towers are the groups of one convolution instead of two processors;
    the last map is averaged to 6x6, so that images of any size go in; the first convolution starts 58 times larger,
    since the paper's images have grey levels (a deviation of 58 on ImageNet) where ours are normalised to 1.

    Args:
        num_classes: outputs.
        in_channels: channels of the image.
        input_size: height and width.
        towers: 2 lets the second, fourth and fifth convolutions see the maps of their own tower alone; 1 lets them see
            all.
        stem: as in :class:`burnish.models.vision.alexnet.AlexNet`.
        hidden: outputs of each of the two hidden linear layers.
        dropout: share of outputs that the first two linear layers lose in training.

    Shape:
        ``(batch, in_channels, H, W)`` to ``(batch, num_classes)``.

    Raises:
        InputError: a side is below 15 (67 with ``stem="imagenet"``), towers is neither 1 nor 2, or hidden is below 1.

    >>> AlexNet2012(10, 3, (32, 32)).features.conv2.weight.shape
    torch.Size([256, 48, 5, 5])
    """

    head_names = ("classifier.fc8",)

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        input_size: tuple[int, int],
        towers: Literal[1, 2] = 2,
        stem: Stem = "auto",
        hidden: int = 4096,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        if towers not in (1, 2):
            raise InputError(f"towers must be 1 or 2, got {towers}: the maps are in one group or in two")
        if hidden < 1:
            raise InputError(f"hidden must be at least 1, got {hidden}: it is the width of the hidden linear layers")
        plan = StemPlan("alexnet-2012", stem, input_size, Window(11, stride=4))
        self.notes = plan.notes
        self.levels = plan.levels(96, 256, 256, 256)
        body: OrderedDict[str, nn.Module] = OrderedDict(
            conv1=plan.convolution(in_channels, 96),
            relu1=nn.ReLU(inplace=True),
            norm1=response_norm(),
            pool1=nn.MaxPool2d(3, stride=2),
            conv2=nn.Conv2d(96, 256, 5, padding=2, groups=towers),
            relu2=nn.ReLU(inplace=True),
            norm2=response_norm(),
            pool2=nn.MaxPool2d(3, stride=2),
            conv3=nn.Conv2d(256, 384, 3, padding=1),
            relu3=nn.ReLU(inplace=True),
            conv4=nn.Conv2d(384, 384, 3, padding=1, groups=towers),
            relu4=nn.ReLU(inplace=True),
            conv5=nn.Conv2d(384, 256, 3, padding=1, groups=towers),
            relu5=nn.ReLU(inplace=True),
            pool5=nn.MaxPool2d(3, stride=2),
        )
        self.features = Pyramid(body, taps=(2, 6, 13, 14))
        self.avgpool = nn.AdaptiveAvgPool2d(plan.grid)
        linear: OrderedDict[str, nn.Module] = OrderedDict(
            fc6=undrawn(nn.Linear, 256 * plan.grid[0] * plan.grid[1], hidden),
            relu6=nn.ReLU(inplace=True),
            drop6=nn.Dropout(dropout),
            fc7=undrawn(nn.Linear, hidden, hidden),
            relu7=nn.ReLU(inplace=True),
            drop7=nn.Dropout(dropout),
            fc8=nn.Linear(hidden, num_classes),
        )
        self.classifier = nn.Sequential(linear)
        # "We initialized the neuron biases in the second, fourth, and fifth convolutional layers, as well as in the
        # fully-connected hidden layers, with the constant 1": section 5.
        for name, layer in (*self.features.named_children(), *self.classifier.named_children()):
            if isinstance(layer, (nn.Conv2d, nn.Linear)):
                nn.init.normal_(layer.weight, std=0.01 * (_GREY_LEVELS if name == "conv1" else 1))
                assert layer.bias is not None
                nn.init.constant_(layer.bias, float(name in ("conv2", "conv4", "conv5", "fc6", "fc7")))

    def stages(self) -> dict[str, tuple[str, ...]]:
        convolutions = {f"conv{i}": (f"features.conv{i}",) for i in (2, 3, 4, 5)}
        linear = {"fc6": ("classifier.fc6",), "fc7": ("classifier.fc7",)}
        return {"stem": ("features.conv1",), **convolutions, **linear, "head": ("classifier.fc8",)}

    def initialise_head_(self, head: nn.Linear) -> None:
        nn.init.normal_(head.weight, std=0.01)
        nn.init.zeros_(head.bias)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x_BCHW)[-1]).flatten(1))  # type: ignore[no-any-return]


@register(
    "alexnet-2012",
    kinds=("image",),
    paper="Krizhevsky et al. 2012",
    native_size=227,
    summary="AlexNet as published: two towers, response normalisation",
)
def alexnet_2012(
    num_classes: int,
    in_channels: int,
    input_size: tuple[int, int] | None,
    towers: Literal[1, 2] = 2,
    stem: Stem = "auto",
    hidden: int = 4096,
    dropout: float = 0.5,
) -> nn.Module:
    """AlexNet of the paper."""
    return AlexNet2012(num_classes, in_channels, input_size or (227, 227), towers, stem, hidden, dropout)
