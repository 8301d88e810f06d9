"""VGG: stacks of 3x3 convolutions, with and without batch normalisation."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Literal

from torch import Tensor, nn

from burnish.layers.undrawn import undrawn
from burnish.models.image_model import ImageModel, Level
from burnish.models.input_size import check_smallest, is_small
from burnish.models.published import Published
from burnish.models.pyramid import Pyramid
from burnish.models.registry import register

Classifier = Literal["auto", "imagenet", "small"]

_WIDTHS = (64, 128, 256, 512, 512)
_DEPTHS = {"vgg11": (1, 1, 2, 2, 2), "vgg13": (2, 2, 2, 2, 2), "vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
_FILES = {
    "vgg11": "vgg11-8a719046.pth",
    "vgg13": "vgg13-19584684.pth",
    "vgg16": "vgg16-397923af.pth",
    "vgg19": "vgg19-dcbb9e9d.pth",
    "vgg11_bn": "vgg11_bn-6002323d.pth",
    "vgg13_bn": "vgg13_bn-abd245e5.pth",
    "vgg16_bn": "vgg16_bn-6c64b313.pth",
    "vgg19_bn": "vgg19_bn-c79401a0.pth",
}
_WHOLE = 32
_PADDED_FROM = 28


class VGG(ImageModel):
    """Five blocks of 3x3 convolutions, each halved by pooling, and three linear layers.

    Source: Simonyan and Zisserman 2014, "Very deep convolutional networks for large-scale image recognition",
    arXiv:1409.1556, table 1 (columns A, B, D, E). Changed: optional batch normalisation (Ioffe and Szegedy 2015,
    arXiv:1502.03167) after each convolution; the last map is averaged to 7x7, so that images of any size go in;
    initial weights after He et al. 2015 (arXiv:1502.01852), since the paper grew its deeper networks from trained ones.

    Args:
        name: one of the four of the paper, ``vgg11`` to ``vgg19``.
        num_classes: outputs.
        in_channels: channels of the image.
        input_size: height and width. Sides of 28 to 31 are padded with zeros to 32.
        batch_norm: normalise after each convolution.
        classifier: ``imagenet`` has two hidden layers of 4096 on a 7x7 map, which for 32x32 images would hold 49 copies
            of one position; ``small`` averages the last map and has two hidden layers of 512; ``auto`` takes ``small``
            for images of at most 64 pixels.
        dropout: share of outputs that the hidden linear layers lose in training.

    Shape:
        ``(batch, in_channels, H, W)`` to ``(batch, num_classes)``.

    Raises:
        InputError: a side is below 28.

    >>> [(level.stride, level.channels) for level in VGG("vgg11", 10, 3, (32, 32)).levels]
    [(1, 64), (2, 128), (4, 256), (8, 512), (16, 512), (32, 512)]
    """

    features: Pyramid
    head_names = ("classifier.6",)
    renames = (
        (r"pre_logits\.fc1\.(.+)", r"classifier.0.\1"),
        (r"pre_logits\.fc2\.(.+)", r"classifier.3.\1"),
        (r"head\.fc\.(.+)", r"classifier.6.\1"),
    )

    def __init__(
        self,
        name: str,
        num_classes: int,
        in_channels: int,
        input_size: tuple[int, int],
        batch_norm: bool = False,
        classifier: Classifier = "auto",
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        title = f"{name}-bn" if batch_norm else name
        size = f"{input_size[0]}x{input_size[1]}"
        check_smallest(title, input_size, _PADDED_FROM)
        height, width = (max(side, _WHOLE) for side in input_size)
        padding = (height - input_size[0], width - input_size[1])
        if any(padding):
            self.notes = (f"{title} pads {size} images with zeros to {height}x{width}",)
        self.features = _body(in_channels, _DEPTHS[name], batch_norm, padding)
        names = ("stem", "block2", "block3", "block4", "block5", "pool5")
        widths = (*_WIDTHS, _WIDTHS[-1])
        self.levels = tuple(Level(names[i], widths[i], 2**i) for i in range(6))
        side, hidden = 7, 4096
        if classifier == "small" or (classifier == "auto" and is_small(input_size)):
            side, hidden = 1, 512
            note = f"{title} averages the last map and has hidden layers of 512 units for {size} images"
            self.notes = (*self.notes, f"{note} (classifier=imagenet keeps the 7x7 map and 4096 units)")
        self.avgpool = nn.AdaptiveAvgPool2d(side)
        self.classifier = nn.Sequential(
            undrawn(nn.Linear, 512 * side * side, hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            undrawn(nn.Linear, hidden, hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            undrawn(nn.Linear, hidden, num_classes),
        )
        for label, module in self.named_modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
                assert module.bias is not None
                nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Linear):
                self.initialise_head_(module)
                if hidden == 512 and label not in self.head_names:
                    # A deviation of 0.01 fits 25,088 inputs; of 512 it would leave next to nothing.
                    nn.init.kaiming_normal_(module.weight, nonlinearity="relu")

    def stages(self) -> dict[str, tuple[str, ...]]:
        blocks: dict[str, tuple[str, ...]] = {}
        block = 1
        for name, layer in self.features.named_children():
            stage = "stem" if block == 1 else f"block{block}"
            if isinstance(layer, nn.MaxPool2d):
                block += 1
            elif isinstance(layer, (nn.Conv2d, nn.BatchNorm2d)):
                blocks[stage] = (*blocks.get(stage, ()), f"features.{name}")
        return {**blocks, "classifier": ("classifier.0", "classifier.3"), "head": ("classifier.6",)}

    def initialise_head_(self, head: nn.Linear) -> None:
        nn.init.normal_(head.weight, std=0.01)
        nn.init.zeros_(head.bias)

    def translate(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """A published state dict in this layout; timm's head is of convolutions, ours of linear layers."""
        renamed = super().translate(state)
        folded = {name: t.flatten(1) for name, t in renamed.items() if name.startswith("classifier.") and t.ndim == 4}
        return {**renamed, **folded}

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x_BCHW)[-1]).flatten(1))  # type: ignore[no-any-return]


def _body(in_channels: int, depths: tuple[int, ...], batch_norm: bool, padding: tuple[int, int]) -> Pyramid:
    layers: list[nn.Module] = []
    taps: list[int] = []
    channels = in_channels
    for depth, width in zip(depths, _WIDTHS, strict=True):
        for _ in range(depth):
            layers.append(undrawn(nn.Conv2d, channels, width, 3, padding=1))
            layers += [nn.BatchNorm2d(width)] if batch_norm else []
            layers.append(nn.ReLU(inplace=True))
            channels = width
        taps.append(len(layers) - 1)
        layers.append(nn.MaxPool2d(2))
    taps.append(len(layers) - 1)
    numbered = OrderedDict((str(position), layer) for position, layer in enumerate(layers))
    down, right = padding
    if down or right:  # under a name of its own, so that the other layers keep their numbers
        pad = nn.ZeroPad2d((right // 2, right - right // 2, down // 2, down - down // 2))
        return Pyramid(OrderedDict([("pad", pad), *numbered.items()]), tuple(tap + 1 for tap in taps))
    return Pyramid(numbered, tuple(taps))


def _register(name: str, batch_norm: bool) -> None:
    published = f"{name}_bn" if batch_norm else name
    summary = f"VGG of {name.removeprefix('vgg')} layers with weights"

    @register(
        published,
        kinds=("image",),
        paper="Simonyan and Zisserman 2014, arXiv:1409.1556",
        native_size=224,
        summary=f"{summary}, batch-normalised" if batch_norm else summary,
        published=(
            Published(f"torchvision:{published}", _FILES[published]),
            Published(f"timm:{published}.tv_in1k"),
        ),
    )
    def build(
        num_classes: int,
        in_channels: int,
        input_size: tuple[int, int] | None,
        classifier: Classifier = "auto",
        dropout: float = 0.5,
    ) -> nn.Module:
        """VGG in torchvision's layout."""
        return VGG(name, num_classes, in_channels, input_size or (224, 224), batch_norm, classifier, dropout)


for _name in _DEPTHS:
    _register(_name, batch_norm=False)
    _register(_name, batch_norm=True)
