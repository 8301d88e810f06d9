"""Inception v4."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from burnish.models.image_model import ImageModel
from burnish.models.published import Preparation, Published
from burnish.models.pyramid import Pyramid
from burnish.models.registry import register
from burnish.models.vision.inception_blocks import (
    Concatenated,
    ConvUnit,
    Stem,
    chain,
    levels_of,
    pooled,
    stem_for,
    stem_note,
    three_counts,
)

_NAME = "inception-v4"
_HALF = (0.5, 0.5, 0.5)


class BlockC(nn.Module):
    """Branches that part into 1x3 and 3x1 at their ends: figure 6 of arXiv:1602.07261.

    Shape:
        ``(B, 1536, H, W)`` to the same.
    """

    def __init__(self) -> None:
        super().__init__()
        self.branch0 = ConvUnit(1536, 256, 1)
        self.branch1_0 = ConvUnit(1536, 384, 1)
        self.branch1_1a = ConvUnit(384, 256, (1, 3))
        self.branch1_1b = ConvUnit(384, 256, (3, 1))
        self.branch2_0 = ConvUnit(1536, 384, 1)
        self.branch2_1 = ConvUnit(384, 448, (3, 1))
        self.branch2_2 = ConvUnit(448, 512, (1, 3))
        self.branch2_3a = ConvUnit(512, 256, (1, 3))
        self.branch2_3b = ConvUnit(512, 256, (3, 1))
        self.branch3 = pooled(1536, 256)

    def forward(self, x_BCHW: Tensor) -> Tensor:
        short_BCHW = self.branch1_0(x_BCHW)
        long_BCHW = self.branch2_2(self.branch2_1(self.branch2_0(x_BCHW)))
        return torch.cat(
            [
                self.branch0(x_BCHW),
                self.branch1_1a(short_BCHW),
                self.branch1_1b(short_BCHW),
                self.branch2_3a(long_BCHW),
                self.branch2_3b(long_BCHW),
                self.branch3(x_BCHW),
            ],
            dim=1,
        )


def _stem(in_channels: int, small: bool) -> list[nn.Module]:
    """Figure 3 of the paper, six layers."""
    stride, valid, padding = (1, False, 1) if small else (2, True, 0)
    return [
        ConvUnit(in_channels, 32, 3, stride=stride, valid=valid),
        ConvUnit(32, 32, 3, valid=valid),
        ConvUnit(32, 64, 3),
        Concatenated(maxpool=nn.MaxPool2d(3, stride, padding), conv=ConvUnit(64, 96, 3, stride=stride, valid=valid)),
        Concatenated(
            branch0=nn.Sequential(ConvUnit(160, 64, 1), ConvUnit(64, 96, 3, valid=valid)),
            branch1=nn.Sequential(*chain(160, (64, 1), (64, (1, 7)), (64, (7, 1))), ConvUnit(64, 96, 3, valid=valid)),
        ),
        Concatenated(conv=ConvUnit(192, 192, 3, stride=2, valid=valid), maxpool=nn.MaxPool2d(3, 2, padding)),
    ]


def _block_a() -> nn.Module:
    """Figure 4."""
    return Concatenated(
        branch0=ConvUnit(384, 96, 1),
        branch1=chain(384, (64, 1), (96, 3)),
        branch2=chain(384, (64, 1), (96, 3), (96, 3)),
        branch3=pooled(384, 96),
    )


def _reduction_a() -> nn.Module:
    """Figure 7 with k, l, m, n = 192, 224, 256, 384."""
    return Concatenated(
        branch0=ConvUnit(384, 384, 3, stride=2, valid=True),
        branch1=chain(384, (192, 1), (224, 3), (256, 3), reduce=True),
        branch2=nn.MaxPool2d(3, 2),
    )


def _block_b() -> nn.Module:
    """Figure 5."""
    return Concatenated(
        branch0=ConvUnit(1024, 384, 1),
        branch1=chain(1024, (192, 1), (224, (1, 7)), (256, (7, 1))),
        branch2=chain(1024, (192, 1), (192, (7, 1)), (224, (1, 7)), (224, (7, 1)), (256, (1, 7))),
        branch3=pooled(1024, 128),
    )


def _reduction_b() -> nn.Module:
    """Figure 8."""
    return Concatenated(
        branch0=chain(1024, (192, 1), (192, 3), reduce=True),
        branch1=chain(1024, (256, 1), (256, (1, 7)), (320, (7, 1)), (320, 3), reduce=True),
        branch2=nn.MaxPool2d(3, 2),
    )


class InceptionV4(ImageModel):
    """A deeper Inception network of uniform blocks: four of the first kind, seven of the second, three of the third.

    Source: Szegedy et al. 2016, "Inception-v4, Inception-ResNet and the impact of residual connections on learning",
    arXiv:1602.07261, section 3.1 and figures 3 to 9. Changed: small images take a stem of stride 2.

    Args:
        num_classes: outputs.
        in_channels: channels of the image.
        input_size: height and width, which choose the stem.
        stem: ``imagenet`` is the published one, of stride 8; ``small`` pads its convolutions and keeps only the last
            of its three strides; ``auto`` takes the small one for images of at most 64 pixels, and for those the
            other is too large for.
        dropout: chance that a feature is left out before the last layer.
        blocks: how many of each of the three kinds; fewer make a smaller network.

    Shape:
        ``(B, in_channels, H, W)`` to ``(B, num_classes)``.

    Raises:
        InputError: a side is below 75 with the ``imagenet`` stem, or below 13; or ``blocks`` are not three positive
            numbers.

    >>> sum(p.numel() for p in InceptionV4(1000, 3, (299, 299)).parameters())
    42679816
    """

    head_names = ("last_linear",)

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        input_size: tuple[int, int],
        stem: Stem = "auto",
        dropout: float = 0.2,
        blocks: Sequence[int] = (4, 7, 3),
    ) -> None:
        super().__init__()
        chosen = stem_for(_NAME, stem, input_size)
        small = chosen == "small"
        first, second, third = three_counts(_NAME, blocks)
        body = [_block_a() for _ in range(first)] + [_reduction_a()]
        body += [_block_b() for _ in range(second)] + [_reduction_b()]
        body += [BlockC() for _ in range(third)]
        ends = (2, 4, 5 + first, 6 + first + second, 7 + first + second + third)
        widths = zip(ends, (64, 192, 384, 1024, 1536), strict=True)
        self.levels = levels_of({f"features.{end}": width for end, width in widths}, chosen)
        taps = [int(level.name.removeprefix("features.")) for level in self.levels]
        self.features = Pyramid([*_stem(in_channels, small), *body], taps)
        self._layers = taps[-1] + 1
        self.dropout = nn.Dropout(dropout)
        self.last_linear = nn.Linear(1536, num_classes)
        if small:
            self.notes = (stem_note(_NAME, input_size),)

    def stages(self) -> dict[str, tuple[str, ...]]:
        stem = tuple(f"features.{layer}" for layer in range(6))
        blocks = {f"features.{block}": (f"features.{block}",) for block in range(6, self._layers)}
        return {"stem": stem, **blocks, "head": ("last_linear",)}

    def forward(self, x_BCHW: Tensor) -> Tensor:
        x_BC = self.features(x_BCHW)[-1].mean(dim=(2, 3))
        return self.last_linear(self.dropout(x_BC))  # type: ignore[no-any-return]


@register(
    "inception_v4",
    kinds=("image",),
    paper="Szegedy et al. 2016, arXiv:1602.07261",
    native_size=299,
    summary="deeper and more uniform than v3, without an auxiliary head",
    published=(Published("timm:inception_v4.tf_in1k", preparation=Preparation(299, 341, "bicubic", _HALF, _HALF)),),
)
def inception_v4(
    num_classes: int,
    in_channels: int,
    input_size: tuple[int, int] | None,
    stem: Stem = "auto",
    dropout: float = 0.2,
    blocks: Sequence[int] = (4, 7, 3),
) -> nn.Module:
    """Inception v4."""
    return InceptionV4(num_classes, in_channels, input_size or (299, 299), stem, dropout, blocks)
