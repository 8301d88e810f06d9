"""Inception v2: the Inception network of the batch normalisation paper."""

from __future__ import annotations

from functools import partial
from typing import Literal, NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn

from burnish.models.image_model import ImageModel
from burnish.models.input_size import is_small
from burnish.models.registry import register
from burnish.models.vision.inception_blocks import BuiltStem, Concatenated, ConvUnit, Stem, levels_of


class Row(NamedTuple):
    """One block in the columns of the paper's figure 5.

    Attributes:
        one: channels of the 1x1 convolution; 0 in the blocks of stride 2, which have none.
        reduce_three: of the 1x1 convolution before the 3x3 one.
        three: of the 3x3 convolution.
        reduce_double: of the 1x1 convolution before the two 3x3 ones.
        double: of each of the two.
        pool: which kind.
        projection: channels of the 1x1 convolution after pooling; 0 in the blocks of stride 2.
    """

    one: int
    reduce_three: int
    three: int
    reduce_double: int
    double: int
    pool: Literal["avg", "max"]
    projection: int


_FIGURE_5 = {
    "inception3a": Row(64, 64, 64, 64, 96, "avg", 32),
    "inception3b": Row(64, 64, 96, 64, 96, "avg", 64),
    "inception3c": Row(0, 128, 160, 64, 96, "max", 0),
    "inception4a": Row(224, 64, 96, 96, 128, "avg", 128),
    "inception4b": Row(192, 96, 128, 96, 128, "avg", 128),
    "inception4c": Row(160, 128, 160, 128, 160, "avg", 128),
    "inception4d": Row(96, 128, 192, 160, 192, "avg", 128),
    "inception4e": Row(0, 128, 192, 192, 256, "max", 0),
    "inception5a": Row(352, 192, 320, 160, 224, "avg", 128),
    "inception5b": Row(352, 192, 320, 192, 224, "max", 128),
}


class HalvingPool(nn.Module):
    """Maxima of 3x3 windows with stride 2 that leave half the pixels, rounded up.

    An even side has its windows start with the first pixel and run over the end, as in the published network; an odd
    one is padded at both ends. So the maps fit those of a padded convolution of stride 2, whatever the size.

    Shape:
        ``(B, C, H, W)`` to ``(B, C, ceil(H / 2), ceil(W / 2))``.

    >>> import torch
    >>> HalvingPool()(torch.zeros(1, 2, 7, 4)).shape
    torch.Size([1, 2, 4, 2])
    """

    def forward(self, x_BCHW: Tensor) -> Tensor:
        height, width = x_BCHW.shape[2:]
        return F.max_pool2d(x_BCHW, 3, stride=2, padding=(height % 2, width % 2), ceil_mode=True)


class InceptionV2(ImageModel):
    """GoogLeNet with batch normalisation, and two 3x3 convolutions in place of each 5x5 one: BN-Inception.

    Source: Ioffe and Szegedy 2015, "Batch Normalization", arXiv:1502.03167, section 4.2 and figure 5. Blocks 4c, 4d
    and 4e put out the 608, 608 and 1056 channels that their branches add up to; the figure prints 576, 576 and 1024.
    Changed: the first convolution is a plain one (the paper's is separable), and small images take another stem.

    Args:
        num_classes: outputs.
        in_channels: channels of the image.
        stem: ``imagenet`` is the published one, of stride 8; ``small`` starts with a 3x3 convolution of stride 1 and
            leaves out the first of the two poolings.
        conv_bias: a bias in every convolution, as in the ports from Caffe. The normalisation that follows takes it
            away again (section 3.2 of the paper), so that it only costs memory.

    Shape:
        ``(B, in_channels, H, W)`` of any size to ``(B, num_classes)``.

    >>> sum(p.numel() for p in InceptionV2(1000, 3).parameters())
    11285224
    """

    head_names = ("fc",)

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        stem: BuiltStem = "imagenet",
        conv_bias: bool = False,
    ) -> None:
        super().__init__()
        small = stem == "small"
        unit = partial(ConvUnit, bias=conv_bias, eps=1e-5)
        self.conv1 = unit(in_channels, 64, 3) if small else unit(in_channels, 64, 7, stride=2)
        self.pool1 = nn.Identity() if small else HalvingPool()
        self.conv2 = unit(64, 64, 1)
        self.conv3 = unit(64, 192, 3)
        self.pool2 = HalvingPool()
        width, widths = 192, {"conv1": 64, "conv3": 192}
        for name, row in _FIGURE_5.items():
            self.add_module(name, _block(width, row, unit))
            width = widths[name] = row.one + row.three + row.double + (row.projection or width)
        self.fc = nn.Linear(width, num_classes)
        ends = ("conv1", "conv3", "inception3b", "inception4d", "inception5b")
        self.levels = levels_of({name: widths[name] for name in ends}, stem)

    def stages(self) -> dict[str, tuple[str, ...]]:
        return {"stem": ("conv1", "conv2", "conv3"), **{name: (name,) for name in _FIGURE_5}, "head": ("fc",)}

    def features(self, x_BCHW: Tensor) -> list[Tensor]:
        maps = {"conv1": self.conv1(x_BCHW)}
        maps["conv3"] = self.conv3(self.conv2(self.pool1(maps["conv1"])))
        x_BCHW = self.pool2(maps["conv3"])
        for name in _FIGURE_5:
            x_BCHW = maps[name] = getattr(self, name)(x_BCHW)
        return [maps[level.name] for level in self.levels]

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return self.fc(self.features(x_BCHW)[-1].mean(dim=(2, 3)))  # type: ignore[no-any-return]


def _block(in_channels: int, row: Row, unit: partial[ConvUnit]) -> nn.Module:
    stride = 1 if row.one else 2
    branches: dict[str, nn.Module] = {"branch1": unit(in_channels, row.one, 1)} if row.one else {}
    branches["branch2"] = nn.Sequential(
        unit(in_channels, row.reduce_three, 1), unit(row.reduce_three, row.three, 3, stride=stride)
    )
    branches["branch3"] = nn.Sequential(
        unit(in_channels, row.reduce_double, 1),
        unit(row.reduce_double, row.double, 3),
        unit(row.double, row.double, 3, stride=stride),
    )
    if not row.projection:
        return Concatenated(**branches, branch4=HalvingPool())
    pool = nn.AvgPool2d(3, 1, 1) if row.pool == "avg" else nn.MaxPool2d(3, 1, 1)
    return Concatenated(**branches, branch4=nn.Sequential(pool, unit(in_channels, row.projection, 1)))


@register(
    "inception_v2",
    kinds=("image",),
    paper="Ioffe and Szegedy 2015, arXiv:1502.03167",
    native_size=224,
    summary="BN-Inception: GoogLeNet with batch normalisation",
)
def inception_v2(
    num_classes: int,
    in_channels: int,
    input_size: tuple[int, int] | None,
    stem: Stem = "auto",
    conv_bias: bool = False,
) -> nn.Module:
    """Inception v2, also known as BN-Inception."""
    height, width = size = input_size or (224, 224)
    chosen: BuiltStem = ("small" if is_small(size) else "imagenet") if stem == "auto" else stem
    model = InceptionV2(num_classes, in_channels, chosen, conv_bias)
    if chosen == "small":
        model.notes = (
            f"inception-v2 takes a 3x3 stem of stride 2 for {height}x{width} images "
            "(stem=imagenet keeps the 7x7 one of stride 8)",
        )
    return model
